import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makePrivacyPair } from '../../src/audit/keys/privacy-key.ts'
import { readPrivacyKeyFile } from '../../src/cli/privacy-key-file.ts'
import type { WeirConfig } from '../../src/config/schema.ts'

t.test('only mode pseudonymous reads the key, and says what is wrong with it', async (t) => {
  const dir = t.testdir({ text: 'x' })
  const pair = makePrivacyPair()
  writeFileSync(join(dir, 'pub'), JSON.stringify(pair.publicJwk))
  writeFileSync(join(dir, 'private'), JSON.stringify(pair.privateJwk))
  const read = (privacy: string, name: string | null) =>
    readPrivacyKeyFile({
      audit: { privacy, privacyKey: name === null ? null : join(dir, name) } as unknown as WeirConfig['audit'],
    })
  t.strictSame(await read('full', 'absent'), { ok: true, sealTo: null })
  t.match(await read('pseudonymous', 'pub'), { ok: true, sealTo: { kid: pair.publicJwk.kid } })
  for (const [name, message] of [
    [null, /makes a pair/],
    ['absent', /ENOENT/],
    ['text', /is no public key/],
    ['private', /private half/],
  ] as const) {
    t.match(await read('pseudonymous', name), { ok: false, problems: [{ path: 'audit.privacyKey', message }] })
  }
})
