/**
 * The outline of a JSON object from its first bytes: which keys stand where, and short values. For telling what a body is
 * without reading it: effort and memory are bounded, a body that is cut or broken gives what came before. Never throws.
 */
import { Buffer } from 'node:buffer'

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

export interface OutlineEntry {
  readonly kind: JsonKind
  /** Of a string up to `MAX_TEXT` bytes without escapes; `null` for all others. */
  readonly text: string | null
}

/** By path, e.g. `messages[].role`; of the same path the first one that stands there. */
export type JsonOutline = ReadonlyMap<string, OutlineEntry>

/** Bytes that are looked at. */
export const OUTLINE_BYTES = 16_384
const MAX_PATHS = 200
const MAX_DEPTH = 6
const MAX_KEY = 64
const MAX_TEXT = 120
/** Elements of one array; the others are likely of the same shape, and are passed over. */
const MAX_ELEMENTS = 4

const NEAR_BYTES = 48

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OBJECT_BEGIN = 0x7b
const OBJECT_END = 0x7d
const ARRAY_BEGIN = 0x5b
const ARRAY_END = 0x5d

/** `null`: what stands there is no JSON object. */
export function outlineJson(bytes: Uint8Array): JsonOutline | null {
  const outline = new Outline(bytes.length > OUTLINE_BYTES ? bytes.subarray(0, OUTLINE_BYTES) : bytes)
  return outline.read() ? outline.found : null
}

interface Level {
  readonly isArray: boolean
  /** What the paths inside begin with. */
  readonly prefix: string
  /** Values so far. */
  count: number
}

class Outline {
  readonly found = new Map<string, OutlineEntry>()
  readonly #bytes: Buffer
  readonly #levels: Level[] = []
  #at = 0
  /** The key whose value comes next; `null` where a key must come. */
  #key: string | null = null

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    // RFC 8259 section 8.1 lets readers ignore a byte order mark.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3
  }

  read(): boolean {
    this.#skipSpace()
    if (this.#bytes[this.#at] !== OBJECT_BEGIN) return false
    this.#levels.push({ isArray: false, prefix: '', count: 0 })
    this.#at++
    while (this.#at < this.#bytes.length && this.#levels.length > 0 && this.found.size < MAX_PATHS) {
      if (!this.#step()) break
    }
    return true
  }

  #skipSpace(): void {
    while ((this.#bytes[this.#at] ?? QUOTE) <= 0x20) this.#at++
  }

  /** One token; `false`: this is no JSON. */
  #step(): boolean {
    this.#skipSpace()
    const byte = this.#bytes[this.#at]
    if (byte === undefined) return false
    if (byte === COMMA || byte === COLON) {
      if (byte === COMMA) this.#key = null
      this.#at++
      return true
    }
    if (byte === OBJECT_END || byte === ARRAY_END) {
      this.#levels.pop()
      this.#key = null
      this.#at++
      return true
    }
    const level = this.#levels.at(-1)
    if (level === undefined) return false
    if (level.isArray && level.count++ >= MAX_ELEMENTS) return this.#pass()
    return level.isArray || this.#key !== null ? this.#value(level, byte) : this.#readKey(byte)
  }

  /** Over a value and all that is inside, up to what follows it. */
  #pass(): boolean {
    let depth = 0
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at] ?? 0
      if (byte === QUOTE) {
        const end = this.#stringEnd(this.#at + 1)
        if (end === -1) return false
        this.#at = end
      } else if (byte === OBJECT_BEGIN || byte === ARRAY_BEGIN) depth++
      else if (byte === OBJECT_END || byte === ARRAY_END) {
        if (depth === 0) return true
        depth--
      } else if (byte === COMMA && depth === 0) return true
    }
    return false
  }

  /** Where the quote of a string stands that ends it; -1: not in these bytes. */
  #stringEnd(from: number): number {
    const bytes = this.#bytes
    // Most strings are short, and then a call of `indexOf` costs more than the search.
    const near = Math.min(bytes.length, from + NEAR_BYTES)
    for (let at = from; at < near; at++) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) break
    }
    let end = this.#bytes.indexOf(QUOTE, from)
    while (end !== -1 && isEscaped(this.#bytes, from, end)) end = this.#bytes.indexOf(QUOTE, end + 1)
    return end
  }

  #readKey(byte: number): boolean {
    if (byte !== QUOTE) return false
    const text = this.#string(MAX_KEY)
    if (text === undefined) return false
    // A key that is too long or escaped is none of those that are looked for.
    this.#key = text ?? '…'
    return true
  }

  #value(level: Level, byte: number): boolean {
    const path = level.isArray ? level.prefix : level.prefix + (this.#key ?? '')
    this.#key = null
    if (byte === OBJECT_BEGIN || byte === ARRAY_BEGIN) {
      const isArray = byte === ARRAY_BEGIN
      this.#note(path, { kind: isArray ? 'array' : 'object', text: null })
      if (this.#levels.length >= MAX_DEPTH) return false
      this.#levels.push({ isArray, prefix: isArray ? `${path}[]` : `${path}.`, count: 0 })
      this.#at++
      return true
    }
    if (byte === QUOTE) {
      const text = this.#string(MAX_TEXT)
      this.#note(path, { kind: 'string', text: text ?? null })
      return text !== undefined
    }
    return this.#literal(path)
  }

  #literal(path: string): boolean {
    const from = this.#at
    while (this.#at < this.#bytes.length && isLiteral(this.#bytes[this.#at] ?? 0)) this.#at++
    if (this.#at === from) return false
    const first = this.#bytes[from] ?? 0
    const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39)
    this.#note(path, { kind: isNumber ? 'number' : first === 0x6e ? 'null' : 'boolean', text: null })
    return true
  }

  /** The string that begins here: `undefined` when it does not end here, `null` when it is too long or has escapes. */
  #string(maxBytes: number): string | null | undefined {
    const from = this.#at + 1
    const end = this.#stringEnd(from)
    if (end === -1) {
      this.#at = this.#bytes.length
      return undefined
    }
    this.#at = end + 1
    if (end - from > maxBytes) return null
    const text = this.#bytes.toString('utf8', from, end)
    return text.includes('\\') ? null : text
  }

  #note(path: string, entry: OutlineEntry): void {
    if (!this.found.has(path)) this.found.set(path, entry)
  }
}

/** An odd number of backslashes stands before it. */
function isEscaped(bytes: Uint8Array, from: number, quote: number): boolean {
  let at = quote
  while (at > from && bytes[at - 1] === BACKSLASH) at--
  return (quote - at) % 2 === 1
}

/** Letters, digits, `+`, `-` and `.`: numbers, `true`, `false`, `null`. */
const isLiteral = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x45 ||
  byte === 0x2b ||
  byte === 0x2d ||
  byte === 0x2e
