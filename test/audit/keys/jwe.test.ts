import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose'
import t from 'tap'
import { openDirect, sealDirect, sealToOf, sealToPublic } from '../../../src/audit/keys/jwe.ts'
import { makePrivacyPair } from '../../../src/audit/keys/privacy-key.ts'

const key = randomBytes(32)
const plain = async (jwe: string, opener: Parameters<typeof compactDecrypt>[1]) =>
  new TextDecoder().decode((await compactDecrypt(jwe, opener)).plaintext)

t.test('a JOSE library opens what is sealed, whatever the text', async () => {
  const pair = makePrivacyPair()
  const to = sealToOf(pair.publicJwk)
  const own = await importJWK(pair.privateJwk, 'ECDH-ES')
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      return (await plain(sealDirect(text, key), key)) === text && (await plain(sealToPublic(text, to), own)) === text
    }),
    { numRuns: 50 },
  )
})

t.test('what a JOSE library seals is opened', async (t) => {
  const jwe = await new CompactEncrypt(Buffer.from('hello'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key)
  t.strictSame(openDirect(jwe, key), { text: 'hello', isNested: false })
  t.strictSame(openDirect(sealDirect('x.y', key, true), key), { text: 'x.y', isNested: true })
})

t.test('another key, a changed character or any other text opens nothing', async (t) => {
  const jwe = sealDirect('secret', key)
  t.equal(openDirect(jwe, randomBytes(32)), null)
  for (let at = 0; at < jwe.length; at++) {
    const changed = jwe.slice(0, at) + (jwe[at] === 'A' ? 'E' : 'A') + jwe.slice(at + 1)
    // The last character of a part may carry bits that say nothing.
    const opened = openDirect(changed, key)
    if (opened !== null) t.equal(opened.text, 'secret')
  }
  fc.assert(fc.property(fc.string(), (text) => openDirect(text, key) === null))
})

t.test('a key that is not the public half of a pair is refused with what is wrong', async (t) => {
  const { privateJwk, publicJwk } = makePrivacyPair()
  t.throws(() => sealToOf(privateJwk), /private half/)
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  t.throws(() => sealToOf(other), /is no public key/)
  t.throws(() => sealToOf({ ...publicJwk, x: 'AA' }))
})
