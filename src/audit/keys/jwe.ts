/**
 * Compact JWE (RFC 7516) made by node:crypto at once, because a library that answers with a promise has no place where
 * events are rendered: `dir` under a secret key, and `ECDH-ES` to a P-256 public key (RFC 7518 sections 4.5, 4.6, 5.3).
 * Any JOSE library opens both; test/audit/keys/jwe.test.ts does it with one.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16
const PARTS = /^(?<header>[\w-]+)\.\.(?<iv>[\w-]{16})\.(?<text>[\w-]*)\.(?<tag>[\w-]{22})$/u

const headerOf = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64url')

const DIR = headerOf({ alg: 'dir', enc: 'A256GCM' })
/** What is inside is a JWE itself (RFC 7516 section 4.1.12). */
const DIR_NESTED = headerOf({ alg: 'dir', enc: 'A256GCM', cty: 'JWE' })

export interface OpenedJwe {
  readonly text: string
  /** The text is a JWE to somebody else. */
  readonly isNested: boolean
}

/** Encrypt under a 256-bit key. */
export function sealDirect(text: string, key: Uint8Array, isNested = false): string {
  return sealed(text, key, isNested ? DIR_NESTED : DIR)
}

/** The text of `sealDirect`; `null`: another key, or changed. */
export function openDirect(jwe: string, key: Uint8Array): OpenedJwe | null {
  const parts = PARTS.exec(jwe)?.groups
  if (parts === undefined) return null
  const { header = '', iv = '', text = '', tag = '' } = parts
  if (header !== DIR && header !== DIR_NESTED) return null
  try {
    const options = { authTagLength: TAG_BYTES }
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), options)
    decipher.setAAD(Buffer.from(header))
    decipher.setAuthTag(Buffer.from(tag, 'base64url'))
    const opened = decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8')
    return { text: opened, isNested: header === DIR_NESTED }
  } catch {
    return null // the tag does not fit: that is the answer
  }
}

/** A public key that texts are encrypted to. */
export interface SealTo {
  readonly key: KeyObject
  readonly kid: string
}

/** Read a public JWK of P-256. Throws with what is wrong with it. */
export function sealToOf(jwk: JsonWebKey & { readonly kid?: string }): SealTo {
  if (jwk.d !== undefined) throw new Error('is the private half: keep it away from here, and name the public one')
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256') throw new Error('is no public key of `weir audit privacy-key`')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return { key, kid: jwk.kid ?? '' }
}

/** Encrypt so that only the private half of the key opens it. */
export function sealToPublic(text: string, { key, kid }: SealTo): string {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = own.publicKey.export({ format: 'jwk' })
  const secret = diffieHellman({ privateKey: own.privateKey, publicKey: key })
  return sealed(text, derived(secret), headerOf({ alg: 'ECDH-ES', enc: 'A256GCM', kid, epk: { kty, crv, x, y } }))
}

function sealed(text: string, key: Uint8Array, header: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(header))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `${header}..${iv.toString('base64url')}.${body.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`
}

/** Concat KDF of RFC 7518 section 4.6.2 for `A256GCM`, without party names: one round of SHA-256 is the whole key. */
function derived(secret: Buffer): Buffer {
  const name = Buffer.from('A256GCM')
  const info = Buffer.concat([uint32(1), secret, uint32(name.length), name, uint32(0), uint32(0), uint32(256)])
  return hash('sha256', info, 'buffer')
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
