import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readAuditorKeys } from '../../src/cli/auditor-keys.ts'
import { configSchema } from '../../src/config/schema.ts'
import { makeAuditors } from '../audit/sealed/auditors.ts'

const audit = (seal: unknown) => configSchema.parse({ audit: { seal } })

t.test('the keys of all auditors are read', async (t) => {
  const dir = t.testdir({})
  const auditors = await makeAuditors('ann', 'ben')
  const files = auditors.map(({ publicText, publicKey }) => {
    const file = join(dir, `${publicKey.name}.pub.json`)
    writeFileSync(file, publicText)
    return file
  })
  t.match(await readAuditorKeys(audit({ auditors: files, threshold: 2 })), {
    ok: true,
    seal: { auditors: [{ name: 'ann' }, { name: 'ben' }], threshold: 2, maxBytes: 1_048_576 },
  })
  t.same(await readAuditorKeys(audit(null)), { ok: true, seal: null })
})

t.test('every key that cannot be used is named', async (t) => {
  const dir = t.testdir({})
  const [ann] = await makeAuditors('ann')
  const texts = { 'ann.pub.json': ann!.publicText, 'ann.key': ann!.privateText, 'again.pub.json': ann!.publicText }
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(dir, name), text)
  const files = [...Object.keys(texts), 'absent.json'].map((name) => join(dir, name))
  t.match(await readAuditorKeys(audit({ auditors: files, threshold: 1 })), {
    ok: false,
    problems: [
      { file: files[1], path: 'audit.seal.auditors[1]', message: /private key/ },
      { file: files[2], message: /named already/ },
      { file: files[3], message: 'cannot be read: ENOENT' },
    ],
  })
})

t.test('more auditors than there are cannot be asked for', async (t) => {
  t.throws(() => audit({ auditors: ['a'], threshold: 2 }), /more auditors are needed than are named/)
})
