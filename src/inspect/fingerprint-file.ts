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
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The file's bytes; `hashes` in any order. */
export function encodeFingerprints(hashes: Iterable<number>): Buffer {
  const sorted = Uint32Array.from(hashes).sort()
  const once = sorted.filter((hash, index) => index === 0 || hash !== sorted[index - 1])
  const bytes = Buffer.alloc(HEAD_BYTES + once.length * 4)
  bytes.write(MAGIC, 'latin1')
  bytes.writeUInt32LE(once.length, MAGIC.length)
  bytes.set(new Uint8Array(once.buffer), HEAD_BYTES)
  if (!IS_LITTLE_ENDIAN) bytes.subarray(HEAD_BYTES).swap32()
  return bytes
}

/** The same bytes in memory that all threads share, so placed that the hashes are used where they stand. */
export function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const padding = 3
  const shared = new Uint8Array(new SharedArrayBuffer(padding + bytes.length), padding)
  shared.set(bytes)
  return shared
}

/** `hashes` are a view of `source` where it is placed for that, else a copy. */
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
  const start = source.byteOffset + HEAD_BYTES
  if (IS_LITTLE_ENDIAN && start % 4 === 0) return { ok: true, hashes: new Uint32Array(source.buffer, start, count) }
  const copy = Buffer.alloc(count * 4)
  copy.set(bytes.subarray(HEAD_BYTES))
  if (!IS_LITTLE_ENDIAN) copy.swap32()
  return { ok: true, hashes: new Uint32Array(copy.buffer, copy.byteOffset, count) }
}
