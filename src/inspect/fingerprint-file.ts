/** Fingerprints as a file: `weir-fp1` and a line feed, how many, then the 32-bit hashes in growing order, little-endian. */
import { Buffer } from 'node:buffer'

/** One file of fingerprints. */
export interface FingerprintSource {
  /** As it is shown in problems. */
  readonly file: string
  /** As rules name it. */
  readonly name: string
  /** Hex SHA-256 of the file: what it is compared by. */
  readonly text: string
  readonly bytes: Uint8Array
}

export type FingerprintsResult =
  | { readonly ok: true; readonly hashes: Uint32Array }
  | { readonly ok: false; readonly problem: string }

/** Of one file: 64 MiB of it, about 100 million units of source text. */
export const MAX_FINGERPRINTS = 16_000_000
const MAGIC = 'weir-fp1\n'
const HEAD_BYTES = MAGIC.length + 4

/** The file's bytes; `hashes` in any order, each once. */
export function encodeFingerprints(hashes: Iterable<number>): Buffer {
  const sorted = Uint32Array.from(new Set(hashes)).sort()
  const bytes = Buffer.alloc(HEAD_BYTES + sorted.length * 4)
  bytes.write(MAGIC, 'latin1')
  bytes.writeUInt32LE(sorted.length, MAGIC.length)
  for (const [index, hash] of sorted.entries()) bytes.writeUInt32LE(hash, HEAD_BYTES + index * 4)
  return bytes
}

export function decodeFingerprints(source: Uint8Array): FingerprintsResult {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  if (bytes.length < HEAD_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    return { ok: false, problem: 'is no file of fingerprints: make it anew with `weir fingerprint`' }
  }
  const count = bytes.readUInt32LE(MAGIC.length)
  if (count > MAX_FINGERPRINTS) {
    return { ok: false, problem: `holds more than ${MAX_FINGERPRINTS} fingerprints: make one file per repository` }
  }
  if (bytes.length !== HEAD_BYTES + count * 4) {
    return { ok: false, problem: 'is cut short or has too many bytes: make it anew with `weir fingerprint`' }
  }
  const hashes = new Uint32Array(count)
  for (let index = 0; index < count; index += 1) hashes[index] = bytes.readUInt32LE(HEAD_BYTES + index * 4)
  return { ok: true, hashes }
}
