import { readFileSync } from 'node:fs'
import t from 'tap'
import { TUNNEL_REASONS } from '../../src/domain/decision.ts'
import { EVASIONS } from '../../src/policy/compiled-policy.ts'
import { EXCHANGE_REASONS } from '../../src/policy/reasons.ts'
import { type ExchangeRow, rows } from './world.ts'

const docs = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8')

t.test('every reason code and every evasion has its row in docs/policy.md', async (t) => {
  for (const code of [...EXCHANGE_REASONS, ...TUNNEL_REASONS, ...EVASIONS]) t.match(docs, `| \`${code}\` |`, code)
})

t.test('every reason of a request is the outcome of a row of the table', async (t) => {
  const named = new Set(rows<ExchangeRow>('decide-exchange.yaml').map((row) => row.gives['reason']))
  for (const reason of EXCHANGE_REASONS) t.ok(named.has(reason), reason)
})
