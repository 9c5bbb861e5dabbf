import t from 'tap'
import { findKey, keyOf, nearName, SEARCH_KEYS } from '../../src/domain/event-search-keys.ts'

t.test('keys are found whatever their case, and nothing else is', async (t) => {
  t.equal(findKey('TOOLVERSION'), 'toolVersion')
  for (const name of ['', 'nope', 'constructor', '__proto__']) t.equal(findKey(name), undefined, name)
  t.same(keyOf('mode').choices, ['enforce', 'observe'])
})

t.test('the nearest name is offered, and none when none is near', async (t) => {
  const names = Object.keys(SEARCH_KEYS)
  t.equal(nearName('tol', names), 'tool')
  t.equal(nearName('dev', names), 'device')
  t.equal(nearName('acton', names), 'action')
  t.equal(nearName('xyzzy', names), null)
  t.equal(nearName('x'.repeat(1e6), names), null)
})
