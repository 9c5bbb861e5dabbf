/**
 * Seals a text so that only several auditors together can read it. The text is encrypted under a key of its own
 * (JWE, RFC 7516: `dir`, A256GCM); that key is split (Shamir), and each share encrypted to one auditor. The proxy keeps
 * no way to read it again.
 */
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { combine, split } from 'shamir-secret-sharing'
import { type AuditorKey, SHARE_ALG } from './auditor-key.ts'

const KEY_BYTES = 32
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** What sealing says of itself beside the text; part of what the encryption protects. */
export interface SealedHead {
  readonly flow: string
  readonly part: 'request' | 'response'
  readonly contentType: string | null
  /** The text goes on behind what was sealed. */
  readonly isCut: boolean
}

export interface SealedShare {
  readonly kid: string
  readonly name: string
  /** Compact JWE. */
  readonly jwe: string
}

/** A sealed text: as many shares as there are auditors, `threshold` of which open it. */
export interface SealedContent {
  readonly v: 1
  readonly head: SealedHead
  readonly threshold: number
  readonly shares: readonly SealedShare[]
  /** Compact JWE of the text, zstd-compressed. */
  readonly jwe: string
}

/** `threshold` of `auditors` are needed: 1 to their number. */
export interface SealedTo {
  readonly auditors: readonly AuditorKey[]
  readonly threshold: number
}

export async function sealContent(head: SealedHead, text: Uint8Array, to: SealedTo): Promise<SealedContent> {
  const key = randomBytes(KEY_BYTES)
  try {
    const jwe = await new CompactEncrypt(await compress(text))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', weir: JSON.stringify(head) })
      .encrypt(key)
    return { v: 1, head, threshold: to.threshold, shares: await sealedShares(key, to), jwe }
  } finally {
    key.fill(0)
  }
}

async function sealedShares(key: Uint8Array, { auditors, threshold }: SealedTo): Promise<SealedShare[]> {
  // One share of one opens alone: there is nothing to split.
  const parts = threshold === 1 ? auditors.map(() => key) : await split(new Uint8Array(key), auditors.length, threshold)
  return Promise.all(
    auditors.map(async ({ kid, name, key: publicKey }, index) => ({
      kid,
      name,
      jwe: await encryptTo(parts[index] ?? key, publicKey, kid),
    })),
  )
}

/** Bytes that only the owner of a key can read, as compact JWE. */
export const encryptTo = (bytes: Uint8Array, key: AuditorKey['key'], kid: string): Promise<string> =>
  new CompactEncrypt(bytes).setProtectedHeader({ alg: SHARE_ALG, enc: 'A256GCM', kid }).encrypt(key)

/** Read what was encrypted to a key. Throws when it was not, or was changed. */
export async function decryptWith(jwe: string, key: AuditorKey['key']): Promise<Uint8Array> {
  const { plaintext } = await compactDecrypt(jwe, key, {
    keyManagementAlgorithms: [SHARE_ALG],
    contentEncryptionAlgorithms: ['A256GCM'],
  })
  return plaintext
}

/** Largest text that opening yields, so that a forged record cannot fill the memory. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024

/** The text, from at least `threshold` opened shares. Throws when they do not fit, or anything was changed. */
export async function openContent(sealed: SealedContent, shares: readonly Uint8Array[]): Promise<Uint8Array> {
  if (shares.length < sealed.threshold) {
    throw new Error(`${sealed.threshold} shares are needed to open it, here are ${shares.length}`)
  }
  const [first = new Uint8Array(0)] = shares
  const key = sealed.threshold === 1 ? first : await combine(shares.map((share) => new Uint8Array(share)))
  const { plaintext, protectedHeader } = await compactDecrypt(sealed.jwe, key, {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  })
  if (protectedHeader['weir'] !== JSON.stringify(sealed.head)) throw new Error('what stands beside it was changed')
  return decompress(plaintext, { maxOutputLength: MAX_TEXT_BYTES })
}
