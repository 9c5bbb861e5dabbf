/** The pair of keys of the data protection officer: the proxy holds the public half and cannot read what it wrote. */
import { createPrivateKey, generateKeyPairSync, hash, type JsonWebKey, type KeyObject } from 'node:crypto'
import { compactDecrypt } from 'jose'

const KID_CHARS = 16

export interface PrivacyPair {
  readonly privateJwk: JsonWebKey
  readonly publicJwk: JsonWebKey & { readonly kid: string }
}

/** A new pair (ECDH-ES on P-256), as JWK. */
export function makePrivacyPair(): PrivacyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const open = publicKey.export({ format: 'jwk' })
  const kid = hash('sha256', `${open.x ?? ''}.${open.y ?? ''}`, 'base64url').slice(0, KID_CHARS)
  const rest = { kid, alg: 'ECDH-ES', use: 'enc' }
  return { privateJwk: { ...privateKey.export({ format: 'jwk' }), ...rest }, publicJwk: { ...open, ...rest } }
}

/** Read the private half. Throws with what is wrong with it. */
export function readPrivacyKey(text: string): KeyObject {
  let jwk: JsonWebKey
  try {
    jwk = JSON.parse(text) as JsonWebKey
  } catch (error) {
    throw new Error('is no key: it is not JSON', { cause: error })
  }
  if (jwk.d === undefined) throw new Error('is not the private half of a key of `weir audit privacy-key`')
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

/** What was encrypted to the public half; `null`: to another one, or it was changed. */
export async function openPrivate(jwe: string, key: KeyObject): Promise<string | null> {
  try {
    const { plaintext } = await compactDecrypt(jwe, key)
    return new TextDecoder().decode(plaintext)
  } catch {
    return null // whatever is wrong with it, nobody is shown
  }
}
