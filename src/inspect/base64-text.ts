/**
 * Text that stands in a text as base64 (RFC 4648, also url-safe, also in lines): an attached file, a Kubernetes secret, an
 * encoded command. Only what decodes to text; pictures, digests and keys do not.
 */
import { Buffer, isUtf8 } from 'node:buffer'

/** A run of base64 and what it says. */
export interface Base64Text {
  /** In the outer text, padding included. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Shorter runs hold no more than a word and a value: detectors of assignments see those. */
const SHORTEST_RUN = 40
/** Lines of base64 are this long at least (RFC 7468: 64, MIME: 76). */
const SHORTEST_LINE = 60
/** Letters that are decoded to see whether it is text at all. */
const SAMPLE = 128
const LINE_END = /\r?\n[ \t]{0,16}/y

const IS_BASE64 = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  /[A-Za-z0-9+/_-]/.test(String.fromCharCode(unit)) ? 1 : 0,
)

/** In their order. Time is linear in the text, and far less where it has no long words. */
export function base64Texts(text: string): Base64Text[] {
  const found: Base64Text[] = []
  let from = 0
  // A run covers at least one of every `SHORTEST_RUN` units: the others need no look.
  for (let at = SHORTEST_RUN - 1; at < text.length; at += SHORTEST_RUN) {
    if (!isBase64At(text, at)) continue
    let start = at
    while (start > from && isBase64At(text, start - 1)) start -= 1
    const end = endOfRun(text, at)
    if (end - start >= SHORTEST_RUN) {
      const run = wholeRun(text, start, end)
      if (run !== null) found.push(run)
      from = run?.end ?? end
      at = from - 1
    }
  }
  return found
}

/** `NaN`, behind the end: no. */
const isBase64At = (text: string, at: number): boolean => IS_BASE64[text.charCodeAt(at)] === 1

function endOfRun(text: string, at: number): number {
  let end = at
  while (end < text.length && isBase64At(text, end)) end += 1
  return end
}

/** The run with the lines that go on from it; `null` when it is no text. */
function wholeRun(text: string, start: number, firstEnd: number): Base64Text | null {
  if (decodeText(text.slice(start, Math.min(firstEnd, start + SAMPLE)), true) === null) return null
  const lines = [text.slice(start, firstEnd)]
  let end = firstEnd
  for (let length = end - start; length >= SHORTEST_LINE; ) {
    LINE_END.lastIndex = end
    const next = end + (LINE_END.exec(text)?.[0].length ?? 0)
    const nextEnd = endOfRun(text, next)
    length = nextEnd - next
    if (next === end || length === 0) break
    lines.push(text.slice(next, nextEnd))
    end = nextEnd
  }
  const decoded = decodeText(lines.join(''), false)
  if (decoded === null) return null
  const padding = /={0,2}/y
  padding.lastIndex = end
  return { start, end: end + (padding.exec(text)?.[0].length ?? 0), text: decoded }
}

/** `null`: no base64, or no text. Of a sample the last character may be cut off. */
function decodeText(base64: string, isSample: boolean): string | null {
  if (/[+/]/.test(base64) && /[-_]/.test(base64)) return null
  const whole = isSample || base64.length % 4 === 1 ? base64.slice(0, base64.length - (base64.length % 4)) : base64
  const bytes = Buffer.from(whole, 'base64')
  if (isUtf16(bytes)) return readable(bytes.toString('utf16le', 0, bytes.length & ~1))
  if (isUtf8(bytes)) return readable(bytes.toString('utf8'))
  return isSample && isUtf8(bytes.subarray(0, endOfCharacters(bytes))) ? '' : null
}

/** PowerShell's encoded commands and files of Windows: every second byte of ASCII text is 0. */
const isUtf16 = (bytes: Buffer): boolean => bytes.length >= 8 && bytes[1] === 0 && bytes[3] === 0 && bytes[5] === 0

/** Where the last character that may be cut off begins. */
function endOfCharacters(bytes: Buffer): number {
  let end = bytes.length - 1
  while (end > bytes.length - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return Math.max(0, end)
}

/** Control characters stand in no text, but for white space. */
const readable = (text: string): string | null => (/[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? null : text)
