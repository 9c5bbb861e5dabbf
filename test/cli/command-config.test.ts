import t from 'tap'
import { askProxy, configOf, failureCode, tellAnswer } from '../../src/cli/command-config.ts'
import { fakeIo } from './fake-io.ts'

t.test('a configuration that cannot be used is said, and nobody is asked', async (t) => {
  const io = fakeIo(t.testdir({}))
  t.equal(await configOf({ config: 'absent.yaml' }, io), null)
  t.match(io.err(), /absent\.yaml/)
  const answer = await askProxy({ config: 'absent.yaml' }, { method: 'GET', path: '/x' }, io)
  t.equal(answer, null)
  t.equal(tellAnswer(answer, { name: 'weir x', show: String, io }), 1)
})

t.test('a proxy that does not answer is told apart from one that refuses', async (t) => {
  const io = fakeIo(t.testdir({ 'weir.yaml': 'admin: { listen: "127.0.0.1:1" }\n' }))
  const answer = await askProxy({}, { method: 'GET', path: '/x' }, io)
  t.equal(tellAnswer(answer, { name: 'weir x', show: String, io }), 3)
  t.match(io.err(), /^weir x: /)
  t.equal(failureCode({ ok: false, kind: 'refused', status: 409, problem: 'held' }), 1)
  t.equal(tellAnswer({ ok: true, json: 'fine' }, { name: 'weir x', show: String, io }), 0)
  t.equal(io.out(), 'fine')
})
