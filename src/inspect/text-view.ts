/**
 * Text as a person reads it, with the way back to the bytes it came from: escapes are undone here and nowhere else, so
 * that detectors see `\u002d` and `-` alike, and a finding in the text becomes a span of the body.
 */
import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import type { TextPart } from '../dialects/dialect.ts'

/** Decoded text. `byteAt(i)` is the body offset where UTF-16 unit `i` starts; `byteAt(text.length)` is the end. */
export interface TextView {
  readonly text: string
  readonly byteAt: (index: number) => number
}

/** UTF-16 units and, for each and for the end, the offset of its first byte. */
interface Units {
  readonly text: string
  readonly offsets: Uint32Array
}

const BACKSLASH = 0x5c
const PERCENT = 0x25
const PLUS = 0x2b
const LETTER_U = 0x75
const SIMPLE_ESCAPES: Readonly<Record<number, number>> = {
  0x22: 0x22,
  0x5c: 0x5c,
  0x2f: 0x2f,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: 0x0a,
  0x72: 0x0d,
  0x74: 0x09,
}

/** The decoded text of one part. Bytes that are not UTF-8 are read as Latin-1, so that nothing is skipped. */
export function textView(body: Uint8Array, part: Pick<TextPart, 'start' | 'end' | 'escaping'>): TextView {
  const { start, escaping } = part
  const bytes = Buffer.from(body.buffer, body.byteOffset + start, Math.max(0, part.end - start))
  if (isAscii(bytes) && !hasEscapes(bytes, escaping)) {
    return { text: bytes.toString('latin1'), byteAt: (index) => start + index }
  }
  const text = quickText(bytes, escaping)
  if (text !== null) return { text, byteAt: placeFinder(bytes, start, escaping) }
  const units = decodeUnits(bytes, escaping)
  return { text: units.text, byteAt: (index) => start + (units.offsets[index] ?? bytes.length) }
}

/** Walks to the places asked for, on from the last one: few are, and mostly in their order. */
function placeFinder(bytes: Buffer, start: number, escaping: TextPart['escaping']): (index: number) => number {
  const isJson = escaping === 'json'
  let unit = 0
  let at = 0
  return (index) => {
    if (index < unit) unit = at = 0
    while (unit < index && at < bytes.length) {
      const first = bytes[at] ?? 0
      if (first < 0x80 && (first !== BACKSLASH || !isJson)) {
        unit += 1
        at += 1
        continue
      }
      const [code, length] = first === BACKSLASH ? jsonEscape(bytes, at) : utf8Character(bytes, at, first)
      if (code > 0xffff && unit + 1 === index) return start + at // the second half of a pair has no byte of its own
      unit += code > 0xffff ? 2 : 1
      at += length
    }
    return start + at
  }
}

function hasEscapes(bytes: Buffer, escaping: TextPart['escaping']): boolean {
  if (escaping === 'json') return bytes.includes(BACKSLASH)
  return escaping === 'form' && (bytes.includes(PERCENT) || bytes.includes(PLUS))
}

/** The text by built-ins, many times faster than unit by unit; `null` where they would disagree with `decodeUnits`. */
function quickText(bytes: Buffer, escaping: TextPart['escaping']): string | null {
  if (escaping === 'form' || !isUtf8(bytes)) return null
  const raw = bytes.toString('utf8')
  if (escaping === 'plain' || !raw.includes('\\')) return raw
  try {
    const text: unknown = JSON.parse(`"${raw}"`)
    return typeof text === 'string' ? text : null
  } catch {
    return null // raw control characters or a broken escape: the slow way reads those too
  }
}

function decodeUnits(bytes: Buffer, escaping: TextPart['escaping']): Units {
  if (escaping !== 'form') return decodeUtf8(bytes, escaping === 'json')
  const { bytes: unescaped, offsets } = unescapeForm(bytes)
  const units = decodeUtf8(unescaped, false)
  return { text: units.text, offsets: units.offsets.map((offset) => offsets[offset] ?? bytes.length) }
}

function decodeUtf8(bytes: Buffer, isJson: boolean): Units {
  const isValid = isUtf8(bytes)
  const units = new Uint16Array(bytes.length)
  const offsets = new Uint32Array(bytes.length + 1)
  let count = 0
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at] ?? 0
    let length = 1
    let code = first
    if (isJson && first === BACKSLASH) [code, length] = jsonEscape(bytes, at)
    else if (first >= 0x80 && isValid) [code, length] = utf8Character(bytes, at, first)
    offsets[count] = at
    if (code > 0xffff) {
      units[count++] = 0xd800 + ((code - 0x10000) >> 10)
      offsets[count] = at
      code = 0xdc00 + ((code - 0x10000) & 0x3ff)
    }
    units[count++] = code
    at += length
  }
  offsets[count] = bytes.length
  const text = Buffer.from(units.buffer, 0, count * 2).toString('utf16le')
  return { text, offsets: offsets.slice(0, count + 1) }
}

/** Code and length of the escape at `at`; a broken escape is a backslash. */
function jsonEscape(bytes: Buffer, at: number): [code: number, length: number] {
  const letter = bytes[at + 1] ?? 0
  if (letter === LETTER_U) {
    const digits = bytes.toString('latin1', at + 2, at + 6)
    return /^[0-9a-fA-F]{4}$/.test(digits) ? [Number.parseInt(digits, 16), 6] : [BACKSLASH, 1]
  }
  const code = SIMPLE_ESCAPES[letter]
  return code === undefined ? [BACKSLASH, 1] : [code, 2]
}

/** Valid UTF-8 only. */
function utf8Character(bytes: Buffer, at: number, first: number): [code: number, length: number] {
  const next = (offset: number): number => (bytes[at + offset] ?? 0) & 0x3f
  if (first < 0xe0) return [((first & 0x1f) << 6) | next(1), 2]
  if (first < 0xf0) return [((first & 0x0f) << 12) | (next(1) << 6) | next(2), 3]
  return [((first & 0x07) << 18) | (next(1) << 12) | (next(2) << 6) | next(3), 4]
}

function unescapeForm(bytes: Buffer): { readonly bytes: Buffer; readonly offsets: Uint32Array } {
  const out = Buffer.alloc(bytes.length)
  const offsets = new Uint32Array(bytes.length + 1)
  let count = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const first = bytes[at] ?? 0
    offsets[count] = at
    const digits = first === PERCENT ? bytes.toString('latin1', at + 1, at + 3) : ''
    if (/^[0-9a-fA-F]{2}$/.test(digits)) {
      out[count++] = Number.parseInt(digits, 16)
      at += 2
    } else out[count++] = first === PLUS ? 0x20 : first
  }
  offsets[count] = bytes.length
  return { bytes: out.subarray(0, count), offsets: offsets.subarray(0, count + 1) }
}
