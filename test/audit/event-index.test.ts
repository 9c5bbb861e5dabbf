import fc from 'fast-check'
import t, { type Test } from 'tap'
import { EventIndex } from '../../src/audit/event-index.ts'
import type { EventPage } from '../../src/audit/event-query.ts'
import { matchesSearch } from '../../src/audit/exchange-match.ts'
import { finish } from '../../src/audit/search-scan.ts'
import { openStore } from '../../src/audit/store-schema.ts'
import { parseEventSearch } from '../../src/domain/event-search.ts'
import { tunnel } from './events.ts'
import { filled } from './filled.ts'
import { anyQuestion, variedEvents } from './questions.ts'

const NOW = Date.parse('2026-11-22T11:00:00.000Z')
const ALL = { limit: 1000, order: 'asc' } as const

async function indexOf(t: Test, events = variedEvents(240)) {
  const at = await filled(t, events)
  const db = openStore(':memory:')!
  t.teardown(() => db.close())
  const index = new EventIndex(db, { dir: at.dir, now: () => NOW })
  while (index.ingest.step());
  const ask = (q: string, more = {}): EventPage => finish(index.query({ ...ALL, q, ...more }))
  return { index, ask }
}

t.test('every question finds what a look at each record finds, and counts are of the same', async (t) => {
  const { index, ask } = await indexOf(t)
  const everything = ask('').items.map((exchange) => index.find(String(exchange['flow']))!)
  let found = 0
  fc.assert(
    fc.property(anyQuestion, (q) => {
      const search = parseEventSearch(q, NOW)
      if (!search.ok) throw new Error(`${q}: ${search.message}`)
      const wanted = everything
        .filter((whole) => matchesSearch(search.search, whole))
        .map(({ exchange }) => exchange['flow'])
      const flows = ask(q).items.map(({ flow }) => flow)
      found += flows.length > 0 ? 1 : 0
      t.same(flows, wanted, q)
      const facets = finish(index.facets({ q, fields: ['phase', 'tier', 'status'], limit: 100 }))
      t.equal(facets.total, wanted.length, q)
      for (const name of ['tier', 'status']) {
        const facet = facets.facets[name]!
        t.equal(facet.none + facet.other + facet.values.reduce((sum, { count }) => sum + count, 0), wanted.length, q)
      }
      const histogram = finish(index.histogram({ q, buckets: 7 }))
      t.equal(
        histogram.buckets.reduce((sum, { count }) => sum + count, 0),
        wanted.length,
        q,
      )
    }),
    { numRuns: 150 },
  )
  t.ok(found > 30, 'enough questions had an answer')
})

t.test('pages of any size make up the whole, in both orders, while events arrive', async (t) => {
  const { ask } = await indexOf(t)
  for (const [q, limit, order] of [
    ['', 7, 'desc'],
    ['tool:*', 3, 'asc'],
    ['path:*long*', 2, 'desc'],
  ] as const) {
    const whole = ask(q, { order }).items.map(({ flow }) => flow)
    const seen: unknown[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: EventPage = ask(q, { order, limit, ...(cursor === '' ? {} : { cursor }) })
      seen.push(...page.items.map(({ flow }) => flow))
      cursor = page.next
    }
    t.same(seen, whole, q)
  }
})

t.test('ids of flows and records are found, and nothing else is', async (t) => {
  const { ask } = await indexOf(t, [tunnel({ id: '01KCRECORD', flow: '01KCFLOW' }), tunnel()])
  t.equal(ask('event:01kcflow').items.length, 1)
  t.equal(ask('event:01KCRECORD').items.length, 1)
  t.equal(ask('flow:01KCFLOW').items.length, 1)
  t.equal(ask('flow:01KCRECORD').items.length, 0)
  t.equal(ask('-event:01KCFLOW').items.length, 1)
  t.equal(ask('event:01NOPE,01KCFLOW').items.length, 1)
})

t.test('an empty answer names the term that nothing fulfils', async (t) => {
  const { ask } = await indexOf(t, [tunnel()])
  t.match(ask('tier:approved user:zoe*'), { items: [], excludedBy: 'user:zoe*' })
  t.equal(ask('tier:approved').excludedBy, undefined)
})

t.test('wrong questions are refused with their place', async (t) => {
  const { index, ask } = await indexOf(t, [tunnel()])
  t.throws(() => ask('tier:approved tol:x'), { code: 'bad-query', at: 14 })
  t.throws(() => finish(index.facets({ fields: ['detail'], limit: 5 })), { code: 'bad-query' })
  t.throws(() => ask('', { text: 'a '.repeat(200) }), { code: 'bad-query' })
})
