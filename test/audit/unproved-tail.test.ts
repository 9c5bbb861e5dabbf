import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lineHash } from '../../src/audit/event-line.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { openStreamTail } from '../../src/audit/tail-repair.ts'
import { treeFolder } from '../../src/audit/tree/tree-files.ts'
import { unprovedTail } from '../../src/audit/unproved-tail.ts'

const STREAM = 's'

interface Pair {
  readonly event: string
  readonly personal: string
}

/** `pad`: further text per line. */
function pairs(count: number, pad = ''): Pair[] {
  let prevHash = '0'.repeat(64)
  return Array.from({ length: count }, (_, index) => {
    const personal = JSON.stringify({ id: `e${index + 1}`, pad })
    const event = JSON.stringify({ id: `e${index + 1}`, pad, prevHash, seq: index + 1, whoDigest: lineHash(personal) })
    prevHash = lineHash(event)
    return { event: `${event}\n`, personal: `${personal}\n` }
  })
}

const lay = (t: Test, all: readonly Pair[], hasPerson: (index: number) => boolean) => {
  const dir = t.testdir({
    'events-s-000000000001.jsonl': all.map(({ event }) => event).join(''),
    'personal-s-000000000001.jsonl': all
      .flatMap(({ personal }, index) => (hasPerson(index) ? [personal] : []))
      .join(''),
  })
  const segment = listSegments(dir)[0]!
  const offset = (index: number): number => all.slice(0, index).reduce((sum, { event }) => sum + event.length, 0)
  return { dir, segment, offset, cut: () => unprovedTail({ dir, segment, log: null }) }
}

t.test('lines with their persons stay, also those that name nobody', async (t) => {
  t.equal(lay(t, pairs(5), () => true).cut(), null)
  const nobody = { event: '{"id":"a","seq":6}\n', personal: '' }
  t.equal(lay(t, [...pairs(5), nobody], () => true).cut(), null)
  t.equal(lay(t, [], () => true).cut(), null)
})

t.test('the last group goes from the first line on that lacks its person, whatever is behind', async (t) => {
  const at = lay(t, pairs(9), (index) => index !== 5 && index !== 7)
  t.equal(at.cut(), at.offset(5))
  const { torn, nextSeq } = openStreamTail(at.dir, STREAM)
  t.equal(nextSeq, 6)
  t.match(torn, [{ file: at.segment.events, bytes: at.offset(9) - at.offset(5) }])
  t.equal(readFileSync(`${at.segment.events}.torn`).length, at.offset(9) - at.offset(5))
})

t.test('a line that a checkpoint counts stays, and so does everything behind it', async (t) => {
  const at = lay(t, pairs(9), (index) => index < 5)
  const checkpoint = (size: number) => {
    mkdirSync(treeFolder(at.dir, STREAM), { recursive: true })
    const body = `weir.example/${STREAM}\n${size}\n${Buffer.alloc(32).toString('base64')}\n`
    const signature = Buffer.alloc(68).toString('base64')
    writeFileSync(join(treeFolder(at.dir, STREAM), 'checkpoint'), `${body}\n— weir.example/${STREAM} ${signature}\n`)
  }
  checkpoint(5)
  t.equal(at.cut(), at.offset(5))
  checkpoint(6)
  t.equal(at.cut(), null)
})

t.test(
  'where the personal file is gone, or lacks more than a group, somebody took it away: verify says so',
  async (t) => {
    const gone = lay(t, pairs(3), () => true)
    rmSync(gone.segment.personal)
    t.equal(gone.cut(), null)
    const many = pairs(3000, 'x'.repeat(1000))
    t.equal(lay(t, many, (index) => index < 100).cut(), null)
    const last = lay(t, many, (index) => index < 2990)
    t.equal(last.cut(), last.offset(2990))
    // Its person is far up in a personal file that is much longer than the chained one.
    const long = many.map(({ event, personal }) => ({ event, personal: `${personal}${'y'.repeat(5000)}\n` }))
    t.equal(lay(t, long, () => true).cut(), null)
  },
)

t.test('behind what the commit log proves, only what chains to it stays', async (t) => {
  const all = pairs(6)
  const at = lay(t, all.toSpliced(4, 1), () => true)
  const log = { segment: at.segment, events: at.offset(3), personal: all[0]!.personal.length * 3 }
  t.equal(unprovedTail({ dir: at.dir, segment: at.segment, log }), at.offset(4))
  t.equal(at.cut(), null, 'without it, a broken chain is for verify to name')
})
