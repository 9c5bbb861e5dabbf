import t from 'tap'
import { makeAuditorPair, readAuditorKey, readAuditorPrivateKey } from '../../../src/audit/sealed/auditor-key.ts'
import { makeAuditors } from './auditors.ts'

t.test('both halves of a pair have the same thumbprint and name', async (t) => {
  const [alice] = await makeAuditors('Alice Auditor')
  t.equal(alice?.publicKey.kid, alice?.privateKey.kid)
  t.equal(alice?.publicKey.name, 'Alice Auditor')
  t.equal(alice?.publicKey.key.type, 'public')
  t.equal(alice?.privateKey.key.type, 'private')
})

t.test('what is no key of the right half is refused, and says what it is', async (t) => {
  const [alice] = await makeAuditors('alice')
  await t.rejects(readAuditorKey(alice!.privateText), /is a private key/)
  await t.rejects(readAuditorPrivateKey(alice!.publicText), /is a public key/)
  for (const text of ['', 'null', '[]', '{"kty":"RSA","n":"AQAB","e":"AQAB"}', '{"kty":"EC","crv":"P-384"}', 'x']) {
    await t.rejects(readAuditorKey(text), /is no (?:JSON Web Key|key on P-256)/, text)
  }
  await t.rejects(makeAuditorPair('a\nb'), /is no name/)
})
