/**
 * What stands where a secret stood: prefix + 12 base32 characters (RFC 4648 alphabet, 60 bits) of a keyed hash. The same
 * value gives the same placeholder on every turn and every node, so that conversations and prompt caches stay valid; no
 * character needs escaping in JSON, shell, URLs or XML.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

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
  return config.prefix + base32(createHmac('sha256', objectOf(config.key)).update(value).digest())
}

/** With bytes for a key, a hash takes six times as long to begin (Node 24.21). */
function objectOf(key: Uint8Array): KeyObject {
  const object = objects.get(key) ?? createSecretKey(key)
  objects.set(key, object)
  return object
}
const objects = new WeakMap<Uint8Array, KeyObject>()

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

function base32(digest: Uint8Array): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = digest
  // Thirty bits each.
  const first = (a << 22) | (b << 14) | (c << 6) | (d >> 2)
  const second = ((d & 3) << 28) | (e << 20) | (f << 12) | (g << 4) | (h >> 4)
  return sixLetters(first) + sixLetters(second)
}
