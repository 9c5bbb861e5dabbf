import t from 'tap'
import { configOf } from '../../src/cli/command-config.ts'
import { doDeed } from '../../src/cli/person-deeds.ts'
import { lockDataFolder } from '../../src/state/data-lock.ts'
import { fakeIo } from './fake-io.ts'

t.test('a deed is done here only while nobody else has the data folder', async (t) => {
  const dir = t.testdir({ 'weir.yaml': 'admin: { listen: "127.0.0.1:1" }\n' })
  const config = (await configOf({}, fakeIo(dir)))!
  const deed = {
    call: { method: 'POST', path: '/x' } as const,
    alone: async (_: unknown, actor: string) => ({ ok: true as const, value: actor }),
  }
  t.match(await doDeed(config, {}, deed), { ok: true, value: /^cli:/ })
  const lock = lockDataFolder(config.data.dir)
  t.match(await doDeed(config, {}, deed), { ok: false, kind: 'unreachable', problem: /in use by another Weir/ })
  if (lock.ok) lock.release()
  const failing = { ...deed, alone: () => Promise.reject(new Error('disk full')) }
  t.match(await doDeed(config, {}, failing), { ok: false, kind: 'unreachable', problem: 'disk full' })
  t.match(await doDeed(config, {}, deed), { ok: true }, 'the folder was let go')
})
