import { spawn } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { logPath } from '../../src/audit/commit-log.ts'
import { lineHash } from '../../src/audit/event-line.ts'
import { PAGE_BYTES } from '../../src/audit/log-entry.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { createSpool } from '../../src/audit/spool.ts'
import type { SpoolOptions } from '../../src/audit/spool-options.ts'
import { GENESIS } from '../../src/audit/tail-repair.ts'
import { admin, config, followingOutcome, intent, singleOutcome } from './events.ts'
import { failingDisk } from './failing-disk.ts'
import { linesOf, personalLinesOf, rawLines } from './lines.ts'
import { logged } from './logged.ts'

const setUp = (t: Test, options: Partial<SpoolOptions> = {}) => {
  const dir = join(t.testdir({}), 'audit')
  const disk = failingDisk()
  const open = () => createSpool({ dir, stream: 'n1-w0', segmentBytes: 1e6, calls: disk.calls, retryMs: 5, ...options })
  return { dir, disk, open, spool: open() }
}

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2))
}

const checkChain = (t: Test, dir: string) => {
  let prevHash = GENESIS
  const personal = new Set(personalLinesOf(dir).map((line) => lineHash(line)))
  for (const [index, line] of rawLines(dir).entries()) {
    const fields = JSON.parse(line) as { seq: number; prevHash: string; whoDigest?: string }
    if (fields.seq !== index + 1 || fields.prevHash !== prevHash) t.fail(`the chain breaks at line ${index + 1}`)
    if (fields.whoDigest !== undefined && !personal.has(fields.whoDigest)) t.fail(`no person for line ${index + 1}`)
    prevHash = lineHash(line)
  }
}

t.test('an append resolves when its line is in the file, chained to the one before', async (t) => {
  const { dir, spool } = setUp(t)
  const events = [intent(), intent(), config()]
  for (const [index, event] of events.entries()) {
    await spool.append(event)
    t.equal(linesOf(dir).length, index + 1)
  }
  await spool.close()
  t.same(
    linesOf(dir).map(({ id }) => id),
    events.map(({ id }) => id),
  )
  t.equal(personalLinesOf(dir).length, 2)
  checkChain(t, dir)
})

t.test('whatever arrives during a sync is written as one group, in order', async (t) => {
  let commits = 0
  const { dir, spool } = setUp(t, { onCommit: () => commits++ })
  const events = Array.from({ length: 500 }, () => intent())
  await Promise.all(events.map((event) => spool.append(event)))
  t.ok(commits <= 4, `${commits} groups`)
  t.same(
    linesOf(dir).map(({ id }) => id),
    events.map(({ id }) => id),
  )
  checkChain(t, dir)
  await spool.close()
})

t.test('an outcome rides along with the next intent, or starts a group of its own after a moment', async (t) => {
  const { dir, spool } = setUp(t)
  spool.appendSoon(followingOutcome())
  await until(() => linesOf(dir).length === 1)
  spool.appendSoon(followingOutcome())
  spool.appendSoon(followingOutcome())
  await spool.append(intent())
  t.same(
    linesOf(dir).map(({ phase }) => phase),
    ['outcome', 'outcome', 'outcome', 'intent'],
  )
  spool.appendSoon(followingOutcome())
  await until(() => linesOf(dir).length === 5)
  checkChain(t, dir)
  await spool.close()
})

t.test('drain and close write what is queued; later events are refused', async (t) => {
  const { dir, spool } = setUp(t)
  spool.appendSoon(followingOutcome())
  spool.appendSoon(followingOutcome())
  spool.appendSoon(followingOutcome())
  await spool.drain()
  t.equal(linesOf(dir).length, 3)
  spool.appendSoon(followingOutcome())
  await spool.close()
  await spool.close()
  t.equal(linesOf(dir).length, 4)
  await t.rejects(spool.append(intent()), /closed/)
  spool.appendSoon(followingOutcome())
  t.equal(spool.lost(), 1)
  t.match(spool.health(), { ok: false })
})

t.test('the chain goes on across segments and restarts, also behind a torn tail', async (t) => {
  const { dir, spool, open } = setUp(t, { segmentBytes: 3000 })
  for (let i = 0; i < 10; i++) await spool.append(intent())
  await spool.close()
  appendFileSync(listSegments(dir).at(-1)!.events, '{"v":1,"id":"cut sho')
  const again = open()
  t.match(again.torn, [{ bytes: 20 }])
  for (let i = 0; i < 10; i++) await again.append(intent())
  await again.close()
  t.equal(linesOf(dir).length, 20)
  t.ok(listSegments(dir).length >= 4)
  t.same(
    listSegments(dir).map(({ firstSeq }) => firstSeq),
    listSegments(dir).map(
      ({ events }) => linesOf(dir).find((line) => events.includes(String(line.seq).padStart(12, '0')))!.seq,
    ),
  )
  checkChain(t, dir)
})

t.test(
  'a full disk rejects appends, keeps outcomes in memory and recovers by itself with the chain whole',
  async (t) => {
    const { dir, disk, spool } = setUp(t)
    await spool.append(intent())
    disk.freeBytes = 100
    await t.rejects(spool.append(intent()), /cannot write: ENOSPC/)
    t.match(spool.health(), { ok: false, detail: /ENOSPC/ })
    const kept = [followingOutcome(), followingOutcome()]
    for (const event of kept) spool.appendSoon(event)
    t.ok(spool.health().spooledBytes > 500)
    await t.rejects(spool.append(intent()), /ENOSPC/, 'no append overtakes what waits')
    disk.freeBytes = Number.POSITIVE_INFINITY
    await until(() => spool.health().ok)
    t.equal(spool.health().spooledBytes, 0)
    const last = intent()
    await spool.append(last)
    t.same(
      linesOf(dir)
        .map(({ id }) => id)
        .slice(1),
      [...kept.map(({ id }) => id), last.id],
    )
    checkChain(t, dir)
    await spool.close()
  },
)

t.test('with nothing in memory, health recovers when the disk does', async (t) => {
  const { dir, disk, spool } = setUp(t)
  disk.freeBytes = 10
  await t.rejects(spool.append(intent()))
  await until(() => spool.health().detail?.includes('ENOSPC') === true)
  disk.freeBytes = Number.POSITIVE_INFINITY
  await until(() => spool.health().ok)
  await spool.append(intent())
  checkChain(t, dir)
  t.equal(linesOf(dir).length, 1)
  await spool.close()
})

t.test('an append may succeed before the next probe does', async (t) => {
  const { dir, disk, spool } = setUp(t, { retryMs: 3_600_000 })
  disk.freeBytes = 10
  await t.rejects(spool.append(intent()))
  disk.freeBytes = Number.POSITIVE_INFINITY
  await spool.append(intent())
  t.match(spool.health(), { ok: true, spooledBytes: 0, detail: null })
  checkChain(t, dir)
  await spool.close()
})

t.test('memory has a limit: beyond it events are counted as lost and appends refused', async (t) => {
  const lost: unknown[] = []
  const silent = () => undefined
  const log = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_fields: unknown, event: string) => lost.push(event),
  }
  const { disk, spool } = setUp(t, { spoolBytes: 5000, log, retryMs: 3_600_000 })
  disk.freeBytes = 0
  for (let i = 0; i < 20; i++) spool.appendSoon(followingOutcome())
  await t.rejects(spool.append(intent()), /too much waits for the disk/)
  t.ok(spool.health().spooledBytes < 6000)
  t.equal(lost.filter((event) => event === 'audit.event-lost').length, spool.lost())
  const before = spool.lost()
  t.ok(before > 10)
  await spool.close()
  t.equal(spool.lost(), 20, 'what the disk refuses to the end is counted as lost')
})

t.test('once the disk is back, a record tells of the time without records', async (t) => {
  const { dir, disk, spool } = setUp(t, {
    gapEvent: (gap) => admin({ operation: 'audit.gap', target: gap.stream, after: gap }),
  })
  await spool.append(intent())
  disk.freeBytes = 100
  await t.rejects(spool.append(intent()), /ENOSPC/)
  const kept = [followingOutcome(), singleOutcome()]
  for (const event of kept) spool.appendSoon(event)
  await t.rejects(spool.append(intent()), /ENOSPC/)
  disk.freeBytes = Number.POSITIVE_INFINITY
  await until(() => spool.health().ok && spool.health().spooledBytes === 0)
  const lines = rawLines(dir).map((line) => JSON.parse(line) as Record<string, unknown>)
  t.same(
    lines.slice(1, 3).map(({ id }) => id),
    kept.map(({ id }) => id),
  )
  t.match(lines[3], { operation: 'audit.gap', target: 'n1-w0', after: { waited: 2, lost: 0, refused: 2 } })
  t.equal(lines.length, 4)
  checkChain(t, dir)
  await spool.close()
})

t.test('the record of a gap that ends only at the stop is written too', async (t) => {
  const { dir, disk, spool } = setUp(t, { retryMs: 3_600_000, gapEvent: () => admin({ operation: 'audit.gap' }) })
  disk.freeBytes = 10
  spool.appendSoon(followingOutcome())
  await until(() => !spool.health().ok)
  disk.freeBytes = Number.POSITIVE_INFINITY
  await spool.close()
  t.same(
    linesOf(dir).map(({ phase }) => phase),
    ['outcome', 'admin'],
  )
})

t.test(
  'a block waits when memory is full for everything else, and stands in the operational log meanwhile',
  async (t) => {
    const { log, lines } = logged()
    const { dir, disk, spool } = setUp(t, { spoolBytes: 5000, log })
    disk.freeBytes = 0
    const first = singleOutcome()
    spool.appendSoon(first)
    await until(() => !spool.health().ok)
    for (let i = 0; i < 20; i++) spool.appendSoon(followingOutcome())
    const lost = spool.lost()
    t.ok(lost > 5)
    const late = singleOutcome()
    spool.appendSoon(late)
    t.equal(spool.lost(), lost)
    const noted = lines.filter(([, event]) => event === 'audit.block-unwritten').map(([, , { record }]) => record)
    t.same(noted, [first.id, late.id])
    t.match(lines.find(([, event]) => event === 'audit.block-unwritten')?.[2], { who: /^p_/ })
    disk.freeBytes = Number.POSITIVE_INFINITY
    await until(() => spool.health().spooledBytes === 0)
    t.equal(linesOf(dir).at(-1)!.id, late.id)
    await spool.close()
  },
)

t.test('the first event of a UTC day begins a segment, also behind a restart', async (t) => {
  let rotations = 0
  const { dir, spool, open } = setUp(t, { rotatesDaily: true, onRotate: () => rotations++ })
  const at = (time: string) => intent({ time })
  await spool.append(at('2026-11-22T23:59:59.999Z'))
  await spool.append(at('2026-11-22T23:59:59.999Z'))
  await spool.append(at('2026-11-23T00:00:00.000Z'))
  await spool.append(at('2026-11-22T23:59:59.998Z'))
  await spool.close()
  const again = open()
  await again.append(at('2026-11-23T08:00:00.000Z'))
  await again.append(at('2026-11-24T00:00:00.000Z'))
  await again.close()
  t.same(
    listSegments(dir).map(({ firstSeq }) => firstSeq),
    [1, 3, 6],
  )
  t.equal(rotations, 2)
  checkChain(t, dir)
})

t.test('a spool larger than one group is written in several, in order', async (t) => {
  const { dir, disk, spool } = setUp(t)
  disk.freeBytes = 0
  const events = Array.from({ length: 1200 }, () => followingOutcome())
  for (const event of events) spool.appendSoon(event)
  await until(() => !spool.health().ok)
  disk.freeBytes = Number.POSITIVE_INFINITY
  await until(() => spool.health().spooledBytes === 0)
  t.same(
    linesOf(dir).map(({ id }) => id),
    events.map(({ id }) => id),
  )
  checkChain(t, dir)
  await spool.close()
})

t.test('a stream that cannot be a file name is refused', async (t) => {
  t.throws(() => createSpool({ dir: t.testdir({}), stream: '../x', segmentBytes: 1 }), /is no stream name/)
})

t.test('kill -9 loses no acknowledged event, round after round', async (t) => {
  const { dir, spool } = setUp(t)
  await spool.close()
  // A small one, which turns often.
  writeFileSync(logPath(dir, 'n1-w0'), Buffer.alloc(16 * PAGE_BYTES))
  const acknowledged: string[] = []
  for (let round = 0; round < 20; round++) acknowledged.push(...(await killedRound(dir, 20 + round * 15)))
  const again = createSpool({ dir, stream: 'n1-w0', segmentBytes: 1e6 })
  await again.close()
  const inFile = new Set(linesOf(dir).map(({ id }) => id))
  t.same(
    acknowledged.filter((id) => !inFile.has(id)),
    [],
  )
  t.ok(acknowledged.length >= 20 * 20, `${acknowledged.length} acknowledged`)
  checkChain(t, dir)
})

/** Kills the child once it acknowledged so many events; gives the ids it acknowledged. */
function killedRound(dir: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'append-until-killed.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > enough) child.kill('SIGKILL')
  })
  return new Promise((resolve) => child.on('close', () => resolve(output.split('\n').slice(0, -1))))
}
