/**
 * Remembers what was found in a block of bytes, so that a conversation, which comes whole with each of its turns, costs
 * its new blocks and not its length. Only a keyed hash of a block is kept, and the places in it; never its text.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createSecretKey, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { PartsMemory, ReadPiece } from '../dialects/dialect.ts'

/** What all of it may take, about. */
export const MEMO_BYTES = 33_554_432
/** What all that bodies began with may take, about. */
export const PARTS_BYTES = 16_777_216
/** What a part takes, and an object or array around it, about. */
const PART_BYTES = 160
const CONTAINER_BYTES = 80
/** A shorter block is read again in the time that a look takes. */
const MIN_BLOCK = 128
/** What an entry costs beside its places, about. */
const ENTRY_BYTES = 256
const PLACE_BYTES = 96
/** From here on GMAC, which takes longer to begin and is four times as fast; shorter blocks are copied behind the key. */
const LONG_BLOCK = 4096

/** `P`: a found place, in units of the block. */
export interface Memo<P> {
  /** What `places` knows a block by: a keyed hash that must not leave the process. `null`: it is too short to be kept. */
  readonly nameOf: (block: Uint8Array) => string | null
  /** The same of a block of any length. */
  readonly digest: (block: Uint8Array) => string
  /** The same for rules and the like, which are objects that are swapped whole: no two ever have the same. */
  readonly idOf: (rules: object) => string
  /**
   * What `read` says, or what it said before under the same `name` and `rules`. What `read` says is kept unless it is
   * `null`, which stands for not read to the end.
   */
  readonly places: (name: string, rules: string, read: () => readonly P[] | null) => readonly P[] | null
  /** Bytes kept, about. */
  readonly bytes: () => number
}

/** `key`: at least 16 random bytes of this process, so that nobody can make two blocks that are taken for one. */
export function createMemo<P>(key: Uint8Array, maxBytes: number = MEMO_BYTES): Memo<P> {
  const kept = new LRUCache<string, readonly P[]>({
    maxSize: maxBytes,
    sizeCalculation: (places) => ENTRY_BYTES + PLACE_BYTES * places.length,
  })
  const digest = keyedHash(key)
  return {
    nameOf: (block) => (block.length < MIN_BLOCK ? null : digest(block)),
    digest,
    idOf: numbering(),
    places: (name, rules, read) => {
      const known = kept.get(`${rules}:${name}`)
      if (known !== undefined) return known
      const places = read()
      if (places !== null) kept.set(`${rules}:${name}`, places)
      return places
    },
    bytes: () => kept.calculatedSize,
  }
}

/** The same for how bodies are made up: which parts they have, never what these say. */
export function createPartsMemory(key: Uint8Array, maxBytes: number = PARTS_BYTES): PartsMemory {
  const kept = new LRUCache<string, ReadPiece>({
    maxSize: maxBytes,
    sizeCalculation: ({ read }) => ENTRY_BYTES + (read === null ? 0 : readBytes(read)),
  })
  return {
    digest: keyedHash(key),
    idOf: numbering(),
    get: (name) => kept.get(name),
    set: (name, piece) => kept.set(name, piece),
  }
}

const readBytes = ({ parts, media, containers, stop }: NonNullable<ReadPiece['read']>): number =>
  PART_BYTES * (parts.length + media.length) + CONTAINER_BYTES * (containers + stop.open.length)

/**
 * SHA-256 over key and bytes; a plain prefix will do, for no digest leaves. Long blocks: GMAC (NIST SP 800-38D) with one
 * nonce for all. Who sees no tag can make two blocks alike only by chance, 2^-128 for each 16 bytes.
 */
function keyedHash(key: Uint8Array): (bytes: Uint8Array) => string {
  const scratch = Buffer.alloc(key.length + LONG_BLOCK)
  scratch.set(key)
  // An object: with bytes for a key, each cipher takes five times as long to begin (Node 24.21).
  const macKey = createSecretKey(hash('sha256', key, 'buffer'))
  const nonce = Buffer.alloc(12)
  return (bytes) => {
    if (bytes.length > LONG_BLOCK) {
      const mac = createCipheriv('aes-256-gcm', macKey, nonce)
      mac.setAAD(bytes)
      mac.final()
      return mac.getAuthTag().toString('base64url')
    }
    scratch.set(bytes, key.length)
    return hash('sha256', scratch.subarray(0, key.length + bytes.length), 'base64url')
  }
}

function numbering(): (rules: object) => string {
  const numbers = new WeakMap<object, string>()
  let last = 0
  return (rules) => {
    const number = numbers.get(rules) ?? String((last += 1))
    numbers.set(rules, number)
    return number
  }
}
