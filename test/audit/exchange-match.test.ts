import t from 'tap'
import { matchesSearch } from '../../src/audit/exchange-match.ts'
import { parseEventSearch } from '../../src/domain/event-search.ts'

const exchange = {
  flow: '01F',
  parent: '01P',
  time: '2026-11-22T10:00:00.000Z',
  phase: 'outcome',
  tool: 'openai-codex',
  tier: 'restricted',
  client: { addr: '10.0.0.1', user: 'Li Wei', groups: ['dev'], device: null, network: null },
  status: 418,
  tokens: { in: 5, out: null },
  findings: [{ detector: 'aws', severity: 'high', field: 'x', count: 2 }],
}
const records = [
  { id: '01A', phase: 'intent' },
  { id: '01B', phase: 'outcome' },
]
const matches = (q: string) => {
  const search = parseEventSearch(q, 0)
  if (!search.ok) throw new Error(search.message)
  return matchesSearch(search.search, { exchange, records })
}

t.test('an exchange is asked for what it and its records say', async (t) => {
  for (const q of [
    'tool:*codex tier:approved,restricted user:"li wei" group:dev client:10.0.0.1',
    'status:400..499 tokens:5 findings:2 finding:aws severity:high',
    'phase:intent phase:outcome event:01b flow:01F parent:01p',
    'since:2026-11-22 until:2026-11-23 -tier:approved -device:*',
    'wei codex 418 -zoe',
  ]) {
    t.ok(matches(q), q)
  }
  for (const q of ['-tool:*', 'flow:01A', 'status:200', 'until:2026-11-22', 'odex', 'tokensOut:*', 'phase:tunnel']) {
    t.notOk(matches(q), q)
  }
})
