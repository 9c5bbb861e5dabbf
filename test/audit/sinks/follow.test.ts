import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { segmentOf } from '../../../src/audit/segments.ts'
import { endOf, type FollowedRecord, Follower, type FollowProblem } from '../../../src/audit/sinks/follow.ts'
import type { StreamCursor } from '../../../src/audit/sinks/state-file.ts'
import { createSpool } from '../../../src/audit/spool.ts'
import { config, singleOutcome, tunnel } from '../events.ts'
import { filled } from '../filled.ts'
import { linesOf } from '../lines.ts'
import { readAnyPerson } from './world.ts'

interface World {
  readonly follower: Follower
  readonly problems: FollowProblem[]
}

function follow(
  dir: string,
  cursors: Readonly<Record<string, StreamCursor>> = {},
  durable: (stream: string) => number | null = () => null,
): World {
  const problems: FollowProblem[] = []
  const follower = new Follower({
    dir,
    cursors,
    durable,
    readPerson: readAnyPerson,
    onProblem: (problem) => problems.push(problem),
  })
  return { follower, problems }
}

function all(follower: Follower, step = 3): FollowedRecord[] {
  const found: FollowedRecord[] = []
  for (let next = follower.next(step, 1e6); next.length > 0; next = follower.next(step, 1e6)) found.push(...next)
  return found
}

const idsOf = (records: readonly FollowedRecord[]): string[] => records.map(({ id }) => id)
const events = (count: number) => Array.from({ length: count }, () => singleOutcome())

t.test('every record once, in order, over all segments, with its person', async (t) => {
  const at = await filled(t, [config(), ...events(20), tunnel()], 2000)
  const { follower, problems } = follow(at.dir)
  const found = all(follower)
  t.strictSame(
    idsOf(found),
    linesOf(at.dir).map(({ id }) => id),
  )
  t.match(found[1]?.record, {
    phase: 'outcome',
    client: { user: 'alice', addr: found[1]?.id, groups: ['dev', 'emea'] },
  })
  t.notOk('client' in (found[0]?.record ?? {}), 'nobody caused a config event')
  t.equal(found.at(-1)?.cursor.seq, 22)
  t.strictSame(problems, [])
  const more = singleOutcome()
  await at.write(more)
  t.strictSame(idsOf(all(follower)), [more.id], 'and what comes later')
})

t.test('from any cursor that it gave, it goes on with the next record', async (t) => {
  const at = await filled(t, events(30), 3000)
  const found = all(follow(at.dir).follower, 7)
  for (const [index, { cursor }] of found.entries()) {
    const rest = all(follow(at.dir, { 'n1-w0': cursor }).follower, 11)
    t.strictSame(idsOf(rest), idsOf(found.slice(index + 1)))
    t.ok(rest.every(({ id, record }) => (record['client'] as { addr?: string } | null)?.addr === id))
  }
})

t.test('nothing behind the durable line is taken, and what stands there may still change', async (t) => {
  const at = await filled(t, events(4))
  let durable = 2
  const { follower } = follow(at.dir, {}, () => durable)
  t.strictSame(
    all(follower).map(({ cursor }) => cursor.seq),
    [1, 2],
  )
  const file = segmentOf(at.dir, 'n1-w0', 1).events
  const lines = readFileSync(file, 'utf8').split('\n')
  writeFileSync(file, [...lines.slice(0, 2), lines[2]?.replace('gpt-x', 'gpt-y'), ''].join('\n'))
  durable = 3
  t.match(all(follower), [{ record: { seq: 3, model: 'gpt-y' } }])
})

t.test('a half line waits for its end', async (t) => {
  const at = await filled(t, events(2))
  const file = segmentOf(at.dir, 'n1-w0', 1).events
  const text = readFileSync(file)
  truncateSync(file, text.length - 10)
  const { follower } = follow(at.dir)
  t.equal(all(follower).length, 1)
  appendFileSync(file, text.subarray(text.length - 10))
  t.equal(all(follower).length, 1)
})

t.test('lines that are no records are told and passed by, whatever stands in them', async (t) => {
  const at = await filled(t, events(3))
  const file = segmentOf(at.dir, 'n1-w0', 1).events
  const lines = readFileSync(file, 'utf8').split('\n')
  const bad = ['{"id":', 'null', '{"id":1,"seq":2}', '\u0000\u0000', '{"id":"x","time":"","phase":"","seq":1e300}']
  writeFileSync(file, [lines[0], ...bad, lines[1], lines[2], ''].join('\n'))
  appendFileSync(file, Buffer.from([0xff, 0xfe, 0x0a]))
  const { follower, problems } = follow(at.dir, {}, () => 3)
  t.equal(all(follower).length, 3)
  t.equal(
    problems.filter(({ kind }) => kind === 'bad-line').length,
    bad.length,
    'the last one is behind what is durable',
  )
})

t.test('segments that were removed before they were sent are counted as lost', async (t) => {
  const at = await filled(t, events(20), 2000)
  const found = all(follow(at.dir).follower)
  const segments = [...new Set(found.map(({ cursor }) => cursor.segment))]
  const third = segments[2] ?? 0
  for (const first of segments.slice(0, 2)) rmSync(segmentOf(at.dir, 'n1-w0', first).events)
  const { follower, problems } = follow(at.dir, {
    'n1-w0': found[0]?.cursor ?? { segment: 1, offset: 0, line: 0, personal: 0, seq: 1 },
  })
  t.strictSame(idsOf(all(follower)), idsOf(found.slice(third - 1)))
  t.match(problems, [{ kind: 'lost', stream: 'n1-w0', lines: third - 2, why: 'retention removed them' }])
  const fresh = follow(at.dir)
  t.strictSame(idsOf(all(fresh.follower)), idsOf(found.slice(third - 1)))
  t.strictSame(fresh.problems, [], 'who begins now has lost nothing')
})

t.test('a file that became another one is read from its start', async (t) => {
  const at = await filled(t, events(3))
  const cursor = { segment: 1, offset: 17, line: 0, personal: 0, seq: 1 }
  const { follower, problems } = follow(at.dir, { 'n1-w0': cursor })
  t.strictSame(
    idsOf(all(follower)),
    linesOf(at.dir).map(({ id }) => id),
  )
  t.match(problems, [{ kind: 'changed' }])
})

t.test('a damaged segment costs its own lines, and is told', async (t) => {
  const at = await filled(t, events(12), 2000)
  const found = all(follow(at.dir).follower)
  const [first = 0, second = 0] = new Set(found.map(({ cursor }) => cursor.segment))
  rmSync(segmentOf(at.dir, 'n1-w0', first).events)
  writeFileSync(`${segmentOf(at.dir, 'n1-w0', first).events}.zst`, 'this is no zstd')
  const { follower, problems } = follow(at.dir)
  t.strictSame(idsOf(all(follower)), idsOf(found.slice(second - 1)))
  t.match(problems, [{ kind: 'lost', lines: second - 1, why: /cannot be read/ }])
})

t.test('each stream has a place of its own', async (t) => {
  const data = t.testdir({})
  const dir = join(data, 'audit')
  for (const stream of ['n1-w0', 'n1-w1']) {
    const spool = createSpool({ dir, stream, segmentBytes: 1e6 })
    for (const event of events(3)) await spool.append(event)
    await spool.close()
  }
  const { follower } = follow(dir, {}, (stream) => (stream === 'n1-w0' ? 2 : null))
  const found = all(follower)
  t.strictSame(
    found.map(({ stream, cursor }) => `${stream} ${cursor.seq}`),
    ['n1-w0 1', 'n1-w0 2', 'n1-w1 1', 'n1-w1 2', 'n1-w1 3'],
  )
})

t.test('who begins now gets only what comes later', async (t) => {
  const at = await filled(t, events(9), 2000)
  const { follower } = follow(
    at.dir,
    endOf(at.dir, () => 8),
  )
  t.strictSame(
    all(follower).map(({ cursor }) => cursor.seq),
    [9],
    'a line that was not durable then is later',
  )
  t.strictSame(
    all(
      follow(
        join(at.dir, 'none'),
        endOf(join(at.dir, 'none'), () => null),
      ).follower,
    ),
    [],
  )
})

t.test('however the reading is cut into pieces and begun again, each record comes once and in order', async (t) => {
  const at = await filled(t, events(25), 2500)
  const wanted = linesOf(at.dir).map(({ id }) => id)
  fc.assert(
    fc.property(
      fc.array(fc.record({ count: fc.integer({ min: 1, max: 9 }), again: fc.boolean() }), { minLength: 25 }),
      (steps) => {
        let cursors: Record<string, StreamCursor> = {}
        let { follower } = follow(at.dir)
        const found: string[] = []
        for (const { count, again } of steps) {
          if (again) follower = follow(at.dir, cursors).follower
          const next = follower.next(count, 1e6)
          found.push(...idsOf(next))
          const last = next.at(-1)
          if (last !== undefined) cursors = { [last.stream]: last.cursor }
        }
        return found.join() === wanted.join()
      },
    ),
    { numRuns: 30 },
  )
})

t.test('a personal line that the record does not prove is nobody', async (t) => {
  const at = await filled(t, [singleOutcome()])
  const { personal } = segmentOf(at.dir, 'n1-w0', 1)
  const { id = '' } = linesOf(at.dir)[0] ?? {}
  appendFileSync(personal, `{"v":1,"id":"${id}","salt":"x","addr":"10.6.6.6","user":"mallory"}\n`)
  t.match(all(follow(at.dir).follower), [{ id, record: { client: null } }])
})
