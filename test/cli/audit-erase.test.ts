import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSpool } from '../../src/audit/spool.ts'
import { run } from '../../src/cli/audit-erase.ts'
import { alice, tunnel } from '../audit/events.ts'
import { fakeIo } from './fake-io.ts'

/** A data folder with records, and a configuration whose admin port nobody listens on. */
async function stopped(t: Test): Promise<string> {
  const dir = t.testdir({ 'weir.yaml': 'admin: { listen: "127.0.0.1:1" }\n' })
  const spool = createSpool({ dir: join(dir, 'data', 'audit'), stream: 'n1-w0', segmentBytes: 1e6 })
  await spool.append(tunnel())
  await spool.append(tunnel({ client: { ...alice, user: null } }))
  await spool.close()
  return dir
}

t.test('without a running proxy a person is erased here, and what may be left of him is said', async (t) => {
  const dir = await stopped(t)
  const io = fakeIo(dir)
  t.equal(await run(['erase', '--subject', 'alice', '--reason', 'request 12'], io), 0, io.err())
  t.match(io.out(), /^user:alice \(p_[\w-]+\): erased from 1 records/)
  t.match(io.out(), /may be left: device:LT-1 \(p_[\w-]+\) has records of its own/)
  const again = fakeIo(dir)
  t.equal(await run(['erase', '--subject', 'alice', '--reason', 'request 12'], again), 1)
  t.match(again.err(), /nobody of this name/)
  const device = fakeIo(dir)
  t.equal(await run(['erase', '--subject', 'device:LT-1', '--reason', 'r', '--json'], device), 0)
  t.match(JSON.parse(device.out()), { erased: [{ identity: 'device:LT-1', records: 1 }], left: [] })
})

t.test('wrong usage is told', async (t) => {
  const dir = t.testdir({})
  t.equal(await run(['erase', '--subject', 'alice'], fakeIo(dir)), 2)
  t.equal(await run(['erase', '--reason', 'r'], fakeIo(dir)), 2)
  t.equal(await run(['erase', '--subject', 'a', '--who', 'b', '--reason', 'r'], fakeIo(dir)), 2)
  const far = ['erase', '--subject', 'a', '--reason', 'r', '--admin', 'http://127.0.0.1:1']
  t.equal(await run(far, fakeIo(dir)), 3, 'the files here are not those of another proxy')
  t.equal(await run(['erase', '--subject', 'a', '--reason', 'r', '--config', 'absent.yaml'], fakeIo(dir)), 1)
})
