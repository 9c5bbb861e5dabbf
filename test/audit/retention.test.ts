import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { compressFile } from '../../src/audit/compress-segment.ts'
import { type GoneRecords, goneBefore } from '../../src/audit/gone-records.ts'
import { addHold, holdsFile, releaseHold } from '../../src/audit/holds.ts'
import { type Expired, goneWith, removalsOf } from '../../src/audit/retention.ts'
import { listSegments, segmentOf } from '../../src/audit/segments.ts'
import type { SeqRange } from '../../src/audit/seq-ranges.ts'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { verifyFolder } from '../../src/audit/tree/verify-folder.ts'
import { admin, followingOutcome, intent, tunnel } from './events.ts'
import { type Filled, filled } from './filled.ts'
import { signTrail } from './tree/signed-trail.ts'

const day = (number: number) => `2026-11-${String(number).padStart(2, '0')}T10:00:00.000Z`

/** Says in a signed record, as a running Weir does before, that the records up to one go; gives the flow of that record. */
async function recordRemoval({ data, dir, write }: Filled, lastSeq: number): Promise<string> {
  const behind = listSegments(dir).find(({ firstSeq }) => firstSeq === lastSeq + 1)!
  const { prevHash: lastHash } = JSON.parse(readFileSync(behind.events, 'utf8').split('\n', 1)[0]!) as {
    prevHash: string
  }
  const after = { firstSeq: 1, lastSeq, lastHash }
  const deed = admin({ time: day(20), operation: 'retention.remove', target: 'n1-w0', after })
  await write(deed)
  signTrail(dir, join(data, 'keys', 'checkpoint.key'), [listSegments(dir).at(-1)!.firstSeq])
  return deed.flow
}

t.test('whole segments go once all in them is old, with persons and rows; the chain goes on', async (t) => {
  const old = [1, 2, 3].map((number) => tunnel({ time: day(number) }))
  const spanning = intent({ time: day(4) })
  const young = [followingOutcome({ flow: spanning.flow, time: day(20) }), tunnel({ time: day(20) })]
  const at = await filled(t, [...old, spanning, ...young], 1)
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  const before = listSegments(at.dir)
  t.equal(engine.retain(Date.parse(day(10))).length, 0, 'nothing is removed that the store has not read')
  const recorded = await recordRemoval(at, 4)
  engine.catchUp(60_000)
  t.same(
    engine.retain(Date.parse(day(10))),
    before.slice(0, 4).map(({ events }) => events),
  )
  t.equal(listSegments(at.dir).length, 3)
  t.notOk(existsSync(before[0]!.personal))
  const left = engine.query({ limit: 100, order: 'asc' }).items
  t.same(
    left.map(({ flow }) => flow),
    [spanning.flow, young[1]!.flow, recorded],
  )
  t.equal(engine.query({ limit: 100, order: 'asc', text: 'qoder' }).items.length, 1)
  const [report] = await verifyFolder(at.dir)
  t.match(report, { firstSeq: 5, signed: 7, problems: [] })
  t.ok(report?.notes.includes('begins at 5: older records were removed'))
  engine.catchUp(60_000)
  t.equal(engine.query({ limit: 100, order: 'asc' }).items.length, 3)
})

t.test(
  'what a legal hold reaches into stays until it is released, and nothing goes while holds cannot be read',
  async (t) => {
    const at = await filled(
      t,
      [1, 2, 3, 4, 20].map((number) => tunnel({ time: day(number) })),
      1,
    )
    const engine = new StoreEngine(at)
    t.teardown(() => {
      engine.close()
    })
    engine.catchUp(60_000)
    const hold = { reason: 'case 7', by: 'cli:root', at: day(5), since: day(2), until: day(4), subject: null }
    const { id } = addHold(at.data, hold)
    t.equal(engine.expiredPersons(Date.parse(day(10)))[0]?.files.length, 2, 'nor do its persons')
    t.equal(engine.retain(Date.parse(day(10))).length, 2)
    t.strictSame(
      listSegments(at.dir).map(({ firstSeq }) => firstSeq),
      [2, 3, 5],
      'and keeps nothing else',
    )
    releaseHold(at.data, id)
    writeFileSync(holdsFile(at.data), '{"v":1}')
    t.throws(() => engine.retain(Date.parse(day(10))), /legal holds/)
    writeFileSync(holdsFile(at.data), '{"v":1,"holds":[]}')
    t.equal(engine.retain(Date.parse(day(10))).length, 2)
  },
)

t.test('the newest segment stays however old it is', async (t) => {
  const at = await filled(t, [tunnel({ time: day(1) }), tunnel({ time: day(1) })], 1)
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  t.equal(engine.retain(Date.parse(day(20))).length, 1)
  t.equal(engine.retain(Date.parse(day(20))).length, 0)
  await at.write(tunnel({ time: day(1) }))
  const [report] = await verifyFolder(at.dir)
  t.match(report, { firstSeq: 2, lastSeq: 3, problems: [{ kind: 'removed', seq: 1 }] }, 'no record says that it went')
  t.equal(report?.problems.length, 1, 'the chain goes on')
})

t.test('compressed segments go too, around one that cannot be read', async (t) => {
  const at = await filled(
    t,
    [1, 2, 3, 4, 20].map((number) => tunnel({ time: day(number) })),
    1,
  )
  const files = listSegments(at.dir).map(({ events }) => events)
  for (const file of files.slice(0, 3)) t.match(compressFile(file), { ok: true })
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  const whole = readFileSync(`${files[1]}.zst`)
  writeFileSync(`${files[1]}.zst`, 'garbage')
  t.same(engine.retain(Date.parse(day(10))), [files[0], files[2], files[3]])
  writeFileSync(`${files[1]}.zst`, whole)
  t.same(engine.retain(Date.parse(day(10))), [files[1]])
  t.same(
    readdirSync(at.dir).filter((name) => name.startsWith('events')),
    [basename(files[4]!)],
  )
})

/** Records what is to go and signs it, as a running Weir does; then it goes. */
async function goes(
  at: Filled,
  engine: StoreEngine,
  gone: GoneRecords,
  expired: readonly Expired[],
): Promise<GoneRecords> {
  const all = goneWith(gone, expired)
  for (const each of expired) {
    for (const removal of removalsOf(each, all)) await at.write(admin({ time: day(20), ...removal }))
  }
  signTrail(at.dir, join(at.data, 'keys', 'checkpoint.key'), [at.spool.lastSeq()])
  engine.remove(expired)
  engine.catchUp(60_000)
  return all
}

t.test('holes that holds leave are named again by each later record', async (t) => {
  const events = [1, 2, 3, 4, 5, 6, 20].map((number) => tunnel({ time: day(number) }))
  const at = await filled(t, events, 1)
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  for (const number of [2, 5]) {
    const [since, until] = [day(number), day(number + 1)]
    addHold(at.data, { reason: 'case 7', by: 'cli:root', at: day(5), since, until, subject: null })
  }
  const first = engine.expired(Date.parse(day(4)))
  t.same(removalsOf(first[0]!, goneWith(goneBefore([]), first))[0]?.after, {
    firstSeq: 1,
    lastSeq: 1,
    newest: day(3),
    files: 2,
    gone: [
      [1, 1],
      [3, 3],
    ],
    lastHash: (JSON.parse(readFileSync(listSegments(at.dir)[1]!.events, 'utf8')) as { prevHash: string }).prevHash,
  })
  const gone = await goes(at, engine, goneBefore([]), first)
  const whole = {
    problems: [],
    notes: [
      /key that lies/,
      'begins at 2: older records were removed',
      'records 3 to 3 were removed because of their age',
    ],
  }
  t.match(await verifyFolder(at.dir), [whole])
  const all = await goes(at, engine, gone, engine.expired(Date.parse(day(10))))
  t.same(all.records, {
    'n1-w0': [
      [1, 1],
      [3, 4],
      [6, 6],
    ],
  })
  const [report] = await verifyFolder(at.dir)
  t.same(report?.problems, [])
  t.same(
    listSegments(at.dir)
      .map(({ firstSeq }) => firstSeq)
      .slice(0, 4),
    [2, 5, 7, 8],
  )
})

t.test('persons go before their records: files, columns, words and lines that waited', async (t) => {
  const spanning = intent({ time: day(2) })
  const [old, young] = [tunnel({ time: day(1) }), tunnel({ time: day(20) })]
  const at = await filled(t, [old, spanning, followingOutcome({ flow: spanning.flow, time: day(20) }), young], 1)
  const engine = new StoreEngine(at)
  t.teardown(() => {
    engine.close()
  })
  engine.catchUp(60_000)
  const persons = () =>
    new Map(engine.query({ limit: 9, order: 'asc' }).items.map(({ flow, client }) => [flow, client]))
  t.not(persons().get(old.flow), null)
  const expired = engine.expiredPersons(Date.parse(day(10)))
  t.match(expired, [{ what: 'persons', stream: 'n1-w0', newest: day(2), files: { length: 2 } }])
  const gone = await goes(at, engine, goneBefore([]), expired)
  t.same(gone.persons, { 'n1-w0': [[1, 2]] })
  t.equal(persons().get(old.flow), null)
  t.ok(persons().get(spanning.flow), 'his younger record names him still')
  t.same(
    engine.query({ limit: 9, order: 'asc', q: 'user:*' }).items.map(({ flow }) => flow),
    [spanning.flow, young.flow],
  )
  t.equal(engine.expiredPersons(Date.parse(day(10))).length, 0, 'once')
  t.match(await verifyFolder(at.dir), [{ problems: [], persons: { present: 2, expired: 2 } }])
  const fresh = new StoreEngine({ ...at, file: join(at.data, 'again.sqlite') })
  t.teardown(() => {
    fresh.close()
  })
  fresh.catchUp(60_000)
  t.equal(
    fresh.query({ limit: 9, order: 'asc', q: 'user:*' }).items.length,
    2,
    'a store that is built again is the same',
  )
})

t.test('more ranges than a record keeps are said by several', async (t) => {
  const ranges = Array.from({ length: 600 }, (_, at): SeqRange => [1e12 + at * 10, 1e12 + at * 10 + 5])
  const events = ranges.map((range) => ({ range, segment: segmentOf('/none', 'n1-w0', range[0]) }))
  const expired: Expired = { what: 'persons', stream: 'n1-w0', newest: day(1), files: events }
  const removals = removalsOf(expired, goneWith(goneBefore([]), [expired]))
  t.equal(removals.length, 3)
  t.same(
    removals.flatMap(({ after }) => after['gone']),
    ranges,
  )
  const at = await filled(t)
  for (const removal of removals) await at.write(admin({ time: day(20), ...removal }))
  t.match(readFileSync(listSegments(at.dir)[0]!.events, 'utf8').split('\n').slice(0, 3), [
    /"gone":\[\[/,
    /"gone":\[\[/,
    /"gone":\[\[/,
  ])
})
