/**
 * The auditors' keys: JSON Web Keys (RFC 7517) on P-256, the public half with the proxy, the private one with its person.
 * What is sealed to several of them is split, so that so many of them as IT asks for must come together to read it.
 */
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

/** Key agreement of shares (RFC 7518 section 4.6). */
export const SHARE_ALG = 'ECDH-ES+A256KW'

/** A public key that shares are sealed to. */
export interface AuditorKey {
  /** Whose it is, as events say it. */
  readonly name: string
  /** Its thumbprint (RFC 7638), by which a share finds its key. */
  readonly kid: string
  readonly key: CryptoKey
}

export interface AuditorPair {
  readonly publicJwk: JWK
  readonly privateJwk: JWK
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,79}$/u

/** A new pair; `name` is written into both halves. Throws for a name that is none. */
export async function makeAuditorPair(name: string): Promise<AuditorPair> {
  if (!NAME.test(name)) throw new Error(`\`${name}\` is no name: letters, digits, space and . _ @ -, 80 at most`)
  const { publicKey, privateKey } = await generateKeyPair(SHARE_ALG, { crv: 'P-256', extractable: true })
  const publicJwk = await exportJWK(publicKey)
  const common = { kid: await calculateJwkThumbprint(publicJwk), use: 'enc', alg: SHARE_ALG, name }
  return { publicJwk: { ...publicJwk, ...common }, privateJwk: { ...(await exportJWK(privateKey)), ...common } }
}

/** Read a public key. Throws with what is wrong with it; a private one is refused, for it must not lie with the proxy. */
export async function readAuditorKey(text: string): Promise<AuditorKey> {
  const jwk = parseJwk(text)
  if (jwk.d !== undefined) throw new Error('is a private key: give the proxy the `.pub.json` file')
  return { name: nameOf(jwk), kid: await calculateJwkThumbprint(jwk), key: await importKey(jwk) }
}

/** Read a private key, with the thumbprint of its public half. Throws with what is wrong with it. */
export async function readAuditorPrivateKey(text: string): Promise<AuditorKey> {
  const jwk = parseJwk(text)
  if (jwk.d === undefined) throw new Error('is a public key: opening a share needs the private one')
  const { d: _private, ...publicJwk } = jwk
  return { name: nameOf(jwk), kid: await calculateJwkThumbprint(publicJwk), key: await importKey(jwk) }
}

function parseJwk(text: string): JWK {
  let jwk: unknown
  try {
    jwk = JSON.parse(text)
  } catch {
    throw new Error('is no JSON Web Key: make one with `weir audit auditor-key`')
  }
  const { kty, crv } = (jwk ?? {}) as JWK
  if (kty !== 'EC' || crv !== 'P-256') throw new Error('is no key on P-256: make one with `weir audit auditor-key`')
  return jwk as JWK
}

const nameOf = (jwk: JWK): string => {
  const { name } = jwk as { name?: unknown }
  return typeof name === 'string' && NAME.test(name) ? name : 'unnamed'
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, SHARE_ALG)
  if (key instanceof Uint8Array) throw new Error('is no key on P-256')
  return key
}
