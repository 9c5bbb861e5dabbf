import fc from 'fast-check'
import t from 'tap'
import { lineHash } from '../../src/audit/event-line.ts'
import { isPersonOf, readPlainPerson } from '../../src/audit/person.ts'

t.test('a plain personal line gives its person, fields that it leaves out are empty', async (t) => {
  const whole = { addr: '10.0.0.1', user: 'alice', groups: ['dev'], device: 'LT-1', network: 'berlin' }
  t.same(readPlainPerson(JSON.stringify({ v: 1, id: 'R', salt: 'x', ...whole })), whole)
  t.same(readPlainPerson('{"addr":"10.0.0.1"}'), {
    addr: '10.0.0.1',
    user: null,
    groups: [],
    device: null,
    network: null,
  })
})

t.test('whatever else a line is, it names nobody', async (t) => {
  for (const line of ['', '{', 'null', '7', '{"v":2,"sealed":"…"}']) t.equal(readPlainPerson(line), null, line)
  fc.assert(fc.property(fc.string(), (line) => void readPlainPerson(line)))
  t.pass('never throws')
})

t.test('a personal line belongs to a record only with the digest that the record names', async (t) => {
  const line = '{"v":1,"id":"R","addr":"10.0.0.1"}'
  t.ok(isPersonOf(line, lineHash(line)))
  t.notOk(isPersonOf(`${line} `, lineHash(line)))
  for (const digest of [undefined, null, 7, '']) t.notOk(isPersonOf(line, digest))
})
