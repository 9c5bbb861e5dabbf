/**
 * What stands where a secret stood: prefix + 12 base32 characters (RFC 4648 alphabet, 60 bits) of a keyed hash. The same
 * value gives the same placeholder on every turn and every node, so that conversations and prompt caches stay valid; no
 * character needs escaping in JSON, shell, URLs or XML.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

const LETTERS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')
/** Characters behind the prefix. */
export const PLACEHOLDER_LETTERS = 12
const LENGTH = PLACEHOLDER_LETTERS

export interface PlaceholderConfig {
  /** E.g. `WEIR`; upper-case letters. */
  readonly prefix: string
  /** At least 16 bytes, the same for all nodes of a company. */
  readonly key: Uint8Array
}

/**
 * The placeholder of `value`. Of the value alone: whichever detector finds it, also after a change of rules in the middle of
 * a conversation, its history stays what the provider saw (decision 0047).
 */
export function placeholderFor(config: PlaceholderConfig, value: string | Uint8Array): string {
  const room = roomOf.get(config) ?? roomFor(config)
  roomOf.set(config, room)
  const digest = hmac(room, value)
  const { text } = room
  const at = text.length - LENGTH
  for (let bit = 0; bit < LENGTH * 5; bit += 5) text[at + bit / 5] = LETTERS[fiveBits(digest, bit)] ?? 0
  // In one go: what is put together from pieces costs more, and is kept as pieces.
  return text.toString('latin1')
}

/** What HMAC (RFC 2104) puts before a message and before its hash; room for the message and for the hash behind them. */
interface Room {
  readonly inner: Buffer
  readonly outer: Buffer
  /** The prefix, and room for the letters. */
  readonly text: Buffer
}
const roomOf = new WeakMap<PlaceholderConfig, Room>()

/** Of SHA-256, bytes. */
const BLOCK = 64
const DIGEST = 32
/** A longer value gets room of its own. */
const VALUE_ROOM = 4096

function roomFor({ prefix, key }: PlaceholderConfig): Room {
  const block = Buffer.alloc(BLOCK)
  block.set(key.length > BLOCK ? hash('sha256', key, 'buffer') : key)
  const inner = Buffer.alloc(BLOCK + VALUE_ROOM)
  const outer = Buffer.alloc(BLOCK + DIGEST)
  for (const [index, byte] of block.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return { inner, outer, text: Buffer.from(prefix + ' '.repeat(LENGTH)) }
}

/**
 * By two plain hashes: `createHmac` takes twice as long, and leaves an object of C++ for each value, of which the garbage
 * collector takes some thousands to stop everything for tens of milliseconds (Node 24.21). Its result, as Latin-1.
 */
function hmac({ inner, outer }: Room, value: string | Uint8Array): string {
  const bytes = typeof value === 'string' && value.length * 3 > VALUE_ROOM ? Buffer.from(value) : value
  if (typeof bytes !== 'string' && bytes.length > VALUE_ROOM) {
    const long = Buffer.concat([inner.subarray(0, BLOCK), bytes])
    outer.write(hash('sha256', long, 'binary'), BLOCK, 'latin1')
  } else {
    const length = typeof bytes === 'string' ? inner.write(bytes, BLOCK) : bytes.length
    if (typeof bytes !== 'string') inner.set(bytes, BLOCK)
    outer.write(hash('sha256', inner.subarray(0, BLOCK + length), 'binary'), BLOCK, 'latin1')
    inner.fill(0, BLOCK, BLOCK + length)
  }
  return hash('sha256', outer, 'binary')
}

/** May a unit of text stand in a placeholder behind its prefix (RFC 4648 section 6)? */
export const isPlaceholderLetter = (code: number): boolean =>
  (code >= 0x41 && code <= 0x5a) || (code >= 0x32 && code <= 0x37)

/** Is the whole of `text` a placeholder? Such text is never redacted again. */
export function isPlaceholder(prefix: string, text: string): boolean {
  return text.length === prefix.length + LENGTH && text.startsWith(prefix) && /^[A-Z2-7]*$/.test(text.slice(-LENGTH))
}

/** Of a digest in Latin-1, from this bit on. */
function fiveBits(digest: string, bit: number): number {
  const byte = bit >> 3
  const two = (digest.charCodeAt(byte) << 8) | digest.charCodeAt(byte + 1)
  return (two >> (11 - (bit & 7))) & 31
}
