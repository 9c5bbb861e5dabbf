import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makePrivacyPair } from '../../src/audit/keys/privacy-key.ts'
import { run } from '../../src/cli/audit-reidentify.ts'
import { fakeIo } from './fake-io.ts'

t.test('wrong usage, a key that is none and an unknown pseudonym are told', async (t) => {
  const dir = t.testdir({ 'weir.yaml': 'admin: { listen: "127.0.0.1:1" }\n', bad: '{}' })
  writeFileSync(join(dir, 'dpo'), JSON.stringify(makePrivacyPair().privateJwk))
  const who = `p_${'a'.repeat(20)}`
  t.equal(await run(['reidentify', who], fakeIo(dir)), 2)
  const bad = fakeIo(dir)
  t.equal(await run(['reidentify', who, '--key', 'bad', '--reason', 'r'], bad), 3)
  t.match(bad.err(), /not the private half/)
  t.equal(await run(['reidentify', who, '--key', 'absent', '--reason', 'r'], fakeIo(dir)), 3)
  const io = fakeIo(dir)
  t.equal(await run(['reidentify', who, '--key', 'dpo', '--reason', 'r'], io), 1)
  t.match(io.err(), /erased, or never seen/)
})
