import t from 'tap'
import { countClients } from '../../src/discover/client-bits.ts'
import {
  HostCounts,
  joinCounts,
  judgeHost,
  MAX_HOSTS,
  MAX_PER_DOMAIN,
  type SeenBytes,
} from '../../src/discover/host-counts.ts'
import type { Sighting } from '../../src/domain/sighting.ts'

const seen = (host: string, changes: Partial<SeenBytes> & { bit?: number } = {}): SeenBytes => ({
  host,
  client: () => changes.bit ?? 1,
  bytesIn: 4000,
  bytesOut: 9000,
  nowMs: 1000,
  ...changes,
})
const sighting = (score: number): Sighting => ({ score, dialect: 'openai-chat', evidence: ['dialect:openai-chat'] })

t.test('requests that look like AI are counted with what they showed, others are not kept', async (t) => {
  const counts = new HostCounts()
  counts.request(seen('a.example'), sighting(85), null)
  counts.request(seen('a.example', { nowMs: 2000, bit: 9 }), sighting(70), null)
  counts.request(seen('b.example'), sighting(39), null)
  counts.tunnel(seen('www.shop.example'), 5000)
  const [count, ...others] = counts.take()
  t.strictSame(others, [])
  t.match(count, {
    host: 'a.example',
    score: 85,
    requests: 2,
    bytesIn: 8000,
    bytesOut: 18000,
    firstMs: 1000,
    lastMs: 2000,
  })
  t.equal(countClients(count?.clients ?? new Uint8Array(8)), 2)
  t.strictSame(counts.take(), [], 'taken once')
  t.ok(counts.isNear('a.example') && !counts.isNear('b.example'), 'what served AI is remembered')
})

t.test('a tool that marks itself proves a host, whatever its shape', async (t) => {
  const counts = new HostCounts()
  counts.request(seen('a.example'), { score: 0, dialect: 'generic', evidence: [] }, 'claude-code')
  const [count] = counts.take()
  t.match(count, { score: 80 })
  t.strictSame([...(count?.tools ?? []), ...(count?.evidence ?? [])], ['claude-code', 'mark:claude-code'])
})

t.test('tunnels that take their time and bring little make a name surer, downloads do not', async (t) => {
  const judged = (bytesOut: number, durationMs: number) => {
    const counts = new HostCounts()
    for (let index = 0; index < 5; index++) counts.tunnel(seen('gpt.relay.example', { bytesOut }), durationMs)
    return counts.take().map(judgeHost)[0]
  }
  t.match(judged(40_000, 20_000), { score: 65, evidence: ['name:gpt', 'name:api', 'shape:slow-answers'] })
  t.match(judged(50_000_000, 20_000), { score: 50 })
  t.match(judged(40_000, 100), { score: 50 })
})

t.test('a flood of names stays within bounds and drives out nothing that was proven', async (t) => {
  const counts = new HostCounts()
  counts.request(seen('proven.example'), sighting(90), null)
  for (let index = 0; index < 20_000; index++) {
    counts.tunnel(seen(`gpt-${index}.example${index}.net`), 10)
    counts.tunnel(seen(`chatgpt${index}.flood.example`), 10)
  }
  t.ok(counts.size <= MAX_HOSTS + 1, `${counts.size} hosts`)
  const all = counts.take()
  t.ok(all.some(({ host }) => host === 'proven.example'))
  const flooded = all.filter(({ host }) => host.endsWith('.flood.example'))
  t.ok(flooded.length <= MAX_PER_DOMAIN + 1, `${flooded.length} of one domain`)
  t.ok(
    flooded.some(({ host }) => host === '*.flood.example'),
    'the rest count together',
  )
})

t.test('counts of two times join', async (t) => {
  const at = (nowMs: number, bit: number) => {
    const counts = new HostCounts()
    counts.request(seen('a.example', { nowMs, bit }), sighting(60 + bit), null)
    const [count] = counts.take()
    if (count === undefined) throw new Error('nothing was counted')
    return count
  }
  const first = at(1, 3)
  joinCounts(first, at(9, 5))
  t.match(first, { requests: 2, score: 65, firstMs: 1, lastMs: 9, bytesIn: 8000 })
  t.equal(countClients(first.clients), 2)
})
