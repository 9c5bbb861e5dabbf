import t from 'tap'
import { ecsAction, ecsCategory, ecsOutcome, ecsTypes } from '../../../src/audit/export/ecs-event.ts'

// https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category: the types that go with each category.
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
}

t.test('types go with their category', async (t) => {
  for (const phase of ['intent', 'outcome', 'tunnel', 'config', 'admin']) {
    for (const action of ['allow', 'block', undefined]) {
      for (const operation of ['token.make', 'token.revoke', 'events.read', 'x.frobnicate']) {
        const record = { phase, action, operation, ok: true }
        const [category] = ecsCategory(record)
        for (const type of ecsTypes(record)) t.ok(EXPECTED[category ?? '']?.includes(type), `${phase} ${type}`)
      }
    }
  }
})

t.test('actions and outcomes', async (t) => {
  t.equal(ecsAction({ phase: 'config', what: 'policy', ok: false }), 'policy-refused')
  t.equal(ecsAction({ phase: 'admin', operation: 'token.make' }), 'token.make')
  t.strictSame(
    ecsTypes({ phase: 'admin', operation: 'toString' }),
    ['change'],
    'a word of JavaScript is one like others',
  )
  t.equal(ecsOutcome({ phase: 'intent', action: 'log' }), 'unknown')
  t.equal(ecsOutcome({ phase: 'outcome', action: 'block' }), 'failure')
})
