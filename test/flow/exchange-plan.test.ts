import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import type { ExchangeDecision, TierRules } from '../../src/domain/decision.ts'
import { planExchange } from '../../src/flow/exchange-plan.ts'

interface Row {
  readonly it: string
  readonly decision: Partial<Omit<ExchangeDecision, 'tierRules'>> & { readonly tierRules?: Partial<TierRules> }
  readonly facts?: {
    readonly hasBody?: boolean
    readonly isApart?: boolean
    readonly mayRestore?: boolean
    readonly headers?: string[]
  }
  readonly plan: object
}

const { cases } = parse(readFileSync('test/cases/flow/exchange-plan.yaml', 'utf8')) as { cases: Row[] }

t.ok(cases.length > 10)
for (const { it, decision, facts: { headers = [], ...facts } = {}, plan } of cases) {
  t.test(it, async (t) => {
    const { tierRules, ...rest } = decision
    const whole = {
      ...{ messages: null, needsBody: false, dialect: 'generic', ...rest },
      tierRules: { inspectMaxBytes: 1000, read: 'body', reversible: false, ...tierRules },
    } as unknown as ExchangeDecision
    const head = {
      method: 'POST',
      scheme: 'https',
      host: 'a.example',
      port: 443,
      path: '/x',
      headers,
      isUpgrade: false,
    } as const
    const answer = { status: 403, headers: [], body: '' } as never
    const found = planExchange(whole, {
      ...{ hasBody: false, isApart: false, mayRestore: false, ...facts },
      head,
      blockAnswer: () => answer,
    })
    t.match(found, plan)
    t.equal('answer' in found ? found.answer : answer, answer)
  })
}
