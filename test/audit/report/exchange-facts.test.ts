import t from 'tap'
import { findingsOf, inner, numberOf, personOf, textOf } from '../../../src/audit/report/exchange-facts.ts'

t.test('a person is the user, else the device, else the address, else the pseudonym', async (t) => {
  const client = { user: 'alice', device: 'LT-1', addr: '10.0.0.1' }
  t.equal(personOf({ client, who: 'p_1' }), 'alice')
  t.equal(personOf({ client: { ...client, user: null }, who: 'p_1' }), 'LT-1')
  t.equal(personOf({ client: { addr: '10.0.0.1', user: null, device: null }, who: 'p_1' }), '10.0.0.1')
  t.equal(personOf({ client: null, who: 'p_1' }), 'p_1', 'erased')
  t.equal(personOf({}), null)
})

t.test('fields of another type count as not there', async (t) => {
  for (const value of [null, 7, [], {}, true, '']) t.equal(textOf({ tool: value }, 'tool'), null)
  for (const value of [null, '7', Number.NaN, {}]) t.equal(numberOf({ n: value }, 'n'), 0)
  t.strictSame(inner({ error: 'x' }, 'error'), {})
  t.strictSame(findingsOf({ findings: [null, 1, {}, { detector: 'd', severity: 3, count: '2' }] }), [
    { detector: 'd', severity: '', count: 0 },
  ])
})
