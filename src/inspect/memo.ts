/**
 * Remembers what was found in a block of text, so that a conversation, which comes whole with each of its turns, costs
 * its new blocks and not its length. Only a keyed hash of a block is kept, and the places in it; never its text.
 */
import { Buffer } from 'node:buffer'
import { createHmac, hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What all of it may take, about. */
export const MEMO_BYTES = 33_554_432
/** A shorter block is read again in the time that a look takes. */
const MIN_BLOCK = 128
/** What an entry costs beside its places, about. */
const ENTRY_BYTES = 256
const PLACE_BYTES = 96
/** Longer blocks are hashed where they stand; the others are copied behind the key, which is cheaper than an HMAC. */
const COPIED_BLOCK = 65_536

/** `P`: a found place, in units of the block. */
export interface Memo<P> {
  /**
   * What `read` says of `block`, or what it said before about the same bytes under the same `rules`. What `read` says is
   * kept unless it is `null`, which stands for not read to the end.
   */
  readonly places: (block: Uint8Array, rules: object, read: () => readonly P[] | null) => readonly P[] | null
  /** Bytes kept, about. */
  readonly bytes: () => number
}

/** `key`: at least 16 random bytes of this process, so that nobody can make two blocks that are taken for one. */
export function createMemo<P>(key: Uint8Array, maxBytes: number = MEMO_BYTES): Memo<P> {
  const kept = new LRUCache<string, readonly P[]>({
    maxSize: maxBytes,
    sizeCalculation: (places) => ENTRY_BYTES + PLACE_BYTES * places.length,
  })
  const nameOf = keyedHash(key)
  const numberOf = numbering()
  return {
    places: (block, rules, read) => {
      if (block.length < MIN_BLOCK) return read()
      const name = `${numberOf(rules)}:${nameOf(block)}`
      const known = kept.get(name)
      if (known !== undefined) return known
      const places = read()
      if (places !== null) kept.set(name, places)
      return places
    },
    bytes: () => kept.calculatedSize,
  }
}

/** SHA-256 over key and bytes. No length is told and no digest leaves, so that a plain prefix will do. */
function keyedHash(key: Uint8Array): (bytes: Uint8Array) => string {
  const scratch = Buffer.alloc(key.length + COPIED_BLOCK)
  scratch.set(key)
  return (bytes) => {
    if (bytes.length > COPIED_BLOCK) return createHmac('sha256', key).update(bytes).digest('base64url')
    scratch.set(bytes, key.length)
    return hash('sha256', scratch.subarray(0, key.length + bytes.length), 'base64url')
  }
}

/** Rules are objects that are swapped whole: each gets a number that no other ever had. */
function numbering(): (rules: object) => number {
  const numbers = new WeakMap<object, number>()
  let last = 0
  return (rules) => {
    let number = numbers.get(rules)
    if (number === undefined) numbers.set(rules, (number = last += 1))
    return number
  }
}
