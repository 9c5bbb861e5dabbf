import { generateKeyPairSync, verify } from 'node:crypto'
import t from 'tap'
import { algorithmOf, keySigner } from '../../src/ca/key-signer.ts'

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })

t.test('the digest follows the key', async (t) => {
  t.match(algorithmOf(ec('prime256v1').privateKey), { ok: true, algorithm: 'ecdsa-sha256' })
  t.match(algorithmOf(ec('secp384r1').privateKey), { ok: true, algorithm: 'ecdsa-sha384' })
  t.match(algorithmOf(ec('secp521r1').privateKey), { ok: true, algorithm: 'ecdsa-sha512' })
  t.match(algorithmOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), { algorithm: 'rsa-sha256' })
})

t.test('keys that TLS clients would not take are refused with the reason', async (t) => {
  t.match(algorithmOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), {
    ok: false,
    message: /1024 bits, clients ask for at least 2048/,
  })
  t.match(algorithmOf(generateKeyPairSync('ed25519').privateKey), { ok: false, message: /`ed25519` cannot sign/ })
  t.match(algorithmOf(ec('secp256k1').privateKey), { ok: false, message: /`ec secp256k1` cannot sign/ })
})

t.test('signatures verify with the public key that the signer names', async (t) => {
  const pairs = [
    [ec('secp384r1').privateKey, 'sha384'],
    [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'sha256'],
  ] as const
  for (const [key, digest] of pairs) {
    const algorithm = algorithmOf(key)
    if (!algorithm.ok) throw new Error(algorithm.message)
    const signer = keySigner(key, algorithm.algorithm)
    const signature = await signer.sign(Buffer.from('tbs'))
    t.ok(verify(digest, Buffer.from('tbs'), signer.publicKey, signature))
    t.equal(signer.publicKey.type, 'public')
  }
})
