import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { logPath } from '../../src/audit/commit-log.ts'
import { lineHash } from '../../src/audit/event-line.ts'
import { frameEntry, type LogEntry, PAGE_BYTES } from '../../src/audit/log-entry.ts'
import { replayLog } from '../../src/audit/log-replay.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { createSpool } from '../../src/audit/spool.ts'
import { GENESIS } from '../../src/audit/tail-repair.ts'
import { followingOutcome, intent } from './events.ts'
import { failingDisk } from './failing-disk.ts'
import { linesOf, personalLinesOf, rawLines } from './lines.ts'

const STREAM = 'n1-w0'
const LOG_BYTES = 16 * PAGE_BYTES
const EVENTS = `events-${STREAM}-000000000001.jsonl`
const PERSONAL = `personal-${STREAM}-000000000001.jsonl`

/** Three groups of two lines each, as a writer leaves them. */
function threeGroups(t: Test) {
  const dir = t.testdir({})
  const log = Buffer.alloc(LOG_BYTES)
  let [events, personal, prevHash, at] = ['', '', GENESIS, 0]
  const entries: LogEntry[] = [1, 3, 5].map((firstSeq) => {
    const [eventsAt, personalAt] = [events.length, personal.length]
    for (const seq of [firstSeq, firstSeq + 1]) {
      const person = JSON.stringify({ id: `e${seq}`, salt: 'x'.repeat(50) })
      const line = JSON.stringify({ id: `e${seq}`, prevHash, seq, whoDigest: lineHash(person) })
      prevHash = lineHash(line)
      events += `${line}\n`
      personal += `${person}\n`
    }
    const [mine, hers] = [events.slice(eventsAt), personal.slice(personalAt)].map((text) => Buffer.from(text))
    const entry = { segmentSeq: 1, firstSeq, events: mine!, eventsAt, personal: hers!, personalAt }
    at += frameEntry(log.subarray(at), entry).length
    return entry
  })
  const lay = (file: string, text: string | Buffer) => {
    writeFileSync(join(dir, file), text, { mode: 0o600 })
  }
  lay(EVENTS, events)
  lay(PERSONAL, personal)
  writeFileSync(logPath(dir, STREAM), log)
  return { dir, log, entries, events, personal, lay, read: (file: string) => readFileSync(join(dir, file), 'utf8') }
}

t.test('whatever the files lost behind a place, the log gives it back byte for byte, and is empty then', async (t) => {
  const at = threeGroups(t)
  fc.assert(
    fc.property(fc.nat(at.events.length), fc.nat(at.personal.length), fc.boolean(), (cut, personalCut, isZeros) => {
      const lost = (text: string, from: number) =>
        text.slice(0, from) + (isZeros ? '\0'.repeat(text.length - from) : '')
      at.lay(EVENTS, lost(at.events, cut))
      at.lay(PERSONAL, lost(at.personal, personalCut))
      writeFileSync(logPath(at.dir, STREAM), at.log)
      const { end, logBytes, restored } = replayLog(at.dir, STREAM)
      t.equal(at.read(EVENTS), at.events)
      t.equal(at.read(PERSONAL), at.personal)
      t.match(end, { events: at.events.length, personal: at.personal.length })
      t.equal(logBytes, LOG_BYTES)
      const files = [personalCut < at.personal.length && PERSONAL, cut < at.events.length && EVENTS].filter(Boolean)
      t.same(restored.map(({ file }) => basename(file)).toSorted(), files.toSorted())
      t.ok(readFileSync(logPath(at.dir, STREAM)).equals(Buffer.alloc(LOG_BYTES)))
    }),
    { numRuns: 30 },
  )
  t.match(replayLog(at.dir, STREAM), { end: null, restored: [], logBytes: LOG_BYTES }, 'a second start finds nothing')
})

t.test('wherever the log is cut, the files hold its groups up to there, both lines of each or neither', async (t) => {
  const at = threeGroups(t)
  fc.assert(
    fc.property(fc.nat(3 * PAGE_BYTES), (cut) => {
      at.lay(EVENTS, '')
      at.lay(PERSONAL, '')
      writeFileSync(logPath(at.dir, STREAM), Buffer.from(at.log).fill(0, cut))
      replayLog(at.dir, STREAM)
      const whole = at.entries.filter(
        ({ events, personal }, index) => index * PAGE_BYTES + 64 + events.length + personal.length <= cut,
      )
      t.equal(at.read(EVENTS), whole.map(({ events }) => events.toString()).join(''))
      t.equal(at.read(PERSONAL), whole.map(({ personal }) => personal.toString()).join(''))
    }),
    { numRuns: 30 },
  )
})

t.test('files that are already further, as after groups too large for the log, keep what they have', async (t) => {
  const at = threeGroups(t)
  at.lay(EVENTS, `${at.events}more\n`)
  t.match(replayLog(at.dir, STREAM), { restored: [] })
  t.equal(at.read(EVENTS), `${at.events}more\n`)
})

t.test('another text in the place of a group is kept aside', async (t) => {
  const at = threeGroups(t)
  at.lay(EVENTS, at.events.replace('"e3"', '"E3"'))
  replayLog(at.dir, STREAM)
  t.equal(at.read(EVENTS), at.events)
  t.match(at.read(`${EVENTS}.torn`), '"E3"')
})

t.test('files that are not those of the log are left alone', async (t) => {
  const shorter = threeGroups(t)
  writeFileSync(logPath(shorter.dir, STREAM), Buffer.from(shorter.log).copyWithin(0, PAGE_BYTES))
  shorter.lay(EVENTS, '')
  t.match(replayLog(shorter.dir, STREAM), { restored: [], end: null }, 'it would leave a hole')
  const other = threeGroups(t)
  const first = JSON.stringify({ id: 'x', seq: 1 })
  other.lay(EVENTS, `${first.padEnd(other.entries[1]!.eventsAt - 1)}\n`)
  writeFileSync(logPath(other.dir, STREAM), Buffer.from(other.log).copyWithin(0, PAGE_BYTES))
  t.match(replayLog(other.dir, STREAM), { restored: [], end: null }, 'it would chain to another line')
  const gone = threeGroups(t)
  rmSync(join(gone.dir, EVENTS))
  replayLog(gone.dir, STREAM)
  t.notOk(existsSync(join(gone.dir, EVENTS)), 'compressed or past its time: it was whole before')
})

t.test('a log whose making was cut short is removed', async (t) => {
  const dir = t.testdir({})
  writeFileSync(logPath(dir, STREAM), Buffer.alloc(10_000))
  t.match(replayLog(dir, STREAM), { logBytes: null, end: null })
  t.notOk(existsSync(logPath(dir, STREAM)))
})

t.test(
  'a power cut at any moment loses no acknowledged record, doubles none, and no record lacks its person',
  async (t) => {
    const dir = join(t.testdir({}), 'audit')
    const { spool, synced } = spoolOverLosingDisk(dir)
    const acknowledged: string[] = []
    let isOver = false
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const event = intent()
        await spool.append(event)
        acknowledged.push(event.id)
        spool.appendSoon(followingOutcome({ flow: event.flow }))
      }
    }
    const load = Promise.all([ask(), ask(), ask()])
    for (let round = 0; round < 12; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const [copy, known] = [join(t.testdirName, `copy-${round}`), [...acknowledged]]
      cpSync(dir, copy, { recursive: true })
      for (const [file, size] of synced) if (existsSync(join(copy, file))) losePages(join(copy, file), size)
      await (await restarted(copy)).close()
      checkTrail(t, copy, known)
    }
    isOver = true
    await load
    await spool.close()
    checkTrail(t, dir, acknowledged)
    t.ok(readFileSync(logPath(dir, STREAM)).equals(Buffer.alloc(LOG_BYTES)), 'after a stop nothing is left in the log')
    t.ok(listSegments(dir).length > 2, 'the files were rotated meanwhile')
  },
)

/** `synced`: how much of each file a power cut leaves for sure. The log is small, so that it turns often. */
function spoolOverLosingDisk(dir: string) {
  mkdirSync(dir)
  writeFileSync(logPath(dir, STREAM), Buffer.alloc(LOG_BYTES))
  const { calls } = failingDisk()
  const paths = new Map<number, string>()
  const synced = new Map<string, number>()
  const losing = {
    ...calls,
    open: async (path: string, flags: number, mode: number) => {
      const fd = await calls.open(path, flags, mode)
      paths.set(fd, path)
      if (path.endsWith('.jsonl') && !synced.has(basename(path))) synced.set(basename(path), 0)
      return fd
    },
    fdatasync: async (fd: number) => {
      const path = paths.get(fd) ?? ''
      const { size } = statSync(path)
      await calls.fdatasync(fd)
      if (synced.has(basename(path))) synced.set(basename(path), size)
    },
  }
  return { synced, spool: createSpool({ dir, stream: STREAM, segmentBytes: 200_000, calls: losing }) }
}

/** Of what was never synced, some pages are there, some are zeros, and the end is gone. */
function losePages(file: string, syncedSize: number): void {
  const { size } = statSync(file)
  truncateSync(file, syncedSize + Math.floor(Math.random() * (size - syncedSize + 1)))
  const fd = openSync(file, 'r+')
  for (let at = syncedSize; at < statSync(file).size; at += 512) {
    if (Math.random() < 0.3) writeSync(fd, Buffer.alloc(Math.min(512, statSync(file).size - at)), 0, null, at)
  }
}

const restarted = async (dir: string) => {
  const spool = createSpool({ dir, stream: STREAM, segmentBytes: 200_000 })
  await spool.append(intent())
  return spool
}

function checkTrail(t: Test, dir: string, acknowledged: readonly string[]): void {
  const persons = new Set(personalLinesOf(dir).map((line) => lineHash(line)))
  let prevHash = GENESIS
  for (const [index, line] of rawLines(dir).entries()) {
    const fields = JSON.parse(line) as { seq: number; prevHash: string; whoDigest: string }
    if (fields.seq !== index + 1 || fields.prevHash !== prevHash) {
      t.fail(`the chain breaks at line ${index + 1}`)
      return
    }
    if (!persons.has(fields.whoDigest)) {
      t.fail(`no person for line ${index + 1}`)
      return
    }
    prevHash = lineHash(line)
  }
  const ids = linesOf(dir).map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'no record is there twice')
  const there = new Set(ids)
  t.same(
    acknowledged.filter((id) => !there.has(id)),
    [],
  )
}
