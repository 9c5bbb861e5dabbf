import t from 'tap'
import { run } from '../../src/cli/audit-open.ts'
import { fakeIo } from './fake-io.ts'

t.test('wrong usage is told, and without a running proxy nothing is handed out', async (t) => {
  const dir = t.testdir({})
  t.equal(await run(['open', '01F', '--out', 'case'], fakeIo(dir)), 2)
  t.equal(await run(['open', '--reason', 'r', '--out', 'case'], fakeIo(dir)), 2)
  const io = fakeIo(dir)
  t.equal(await run(['open', '01F', '--reason', 'r', '--out', 'case', '--admin', 'http://127.0.0.1:1'], io), 3)
  t.match(io.err(), /cannot/)
  t.equal(await run(['open', '01F', '--reason', 'r', '--out', 'case', '--config', 'absent.yaml'], fakeIo(dir)), 1)
})
