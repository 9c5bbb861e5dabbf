/**
 * What stands where a secret stood: prefix + 12 base32 characters (RFC 4648 alphabet, 60 bits) of a keyed hash. The same
 * value gives the same placeholder on every turn and every node, so that conversations and prompt caches stay valid; no
 * character needs escaping in JSON, shell, URLs or XML.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
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
  const pads = padsOf.get(config.key) ?? padsFor(config.key)
  padsOf.set(config.key, pads)
  return config.prefix + base32(hmac(pads, value))
}

/** What HMAC (RFC 2104) puts before a message and before its hash; room for the message and for the hash behind them. */
interface Pads {
  readonly inner: Buffer
  readonly outer: Buffer
}
const padsOf = new WeakMap<Uint8Array, Pads>()

/** Of SHA-256, bytes. */
const BLOCK = 64
const DIGEST = 32
/** A longer value gets room of its own. */
const VALUE_ROOM = 4096

function padsFor(key: Uint8Array): Pads {
  const block = Buffer.alloc(BLOCK)
  block.set(key.length > BLOCK ? hash('sha256', key, 'buffer') : key)
  const inner = Buffer.alloc(BLOCK + VALUE_ROOM)
  const outer = Buffer.alloc(BLOCK + DIGEST)
  for (const [index, byte] of block.entries()) {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  return { inner, outer }
}

/**
 * By two plain hashes: `createHmac` takes twice as long, and leaves an object of C++ for each value, of which the garbage
 * collector takes some thousands to stop everything for tens of milliseconds (Node 24.21). Its result, as Latin-1.
 */
function hmac({ inner, outer }: Pads, value: string | Uint8Array): string {
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

function sixLetters(bits: number): string {
  let text = ''
  for (let shift = 25; shift >= 0; shift -= 5) text += ALPHABET[(bits >> shift) & 31] ?? ''
  return text
}

/** Of a digest in Latin-1. */
function base32(digest: string): string {
  const at = (index: number): number => digest.charCodeAt(index)
  // Thirty bits each.
  const first = (at(0) << 22) | (at(1) << 14) | (at(2) << 6) | (at(3) >> 2)
  const second = ((at(3) & 3) << 28) | (at(4) << 20) | (at(5) << 12) | (at(6) << 4) | (at(7) >> 4)
  return sixLetters(first) + sixLetters(second)
}
