/** PEM private keys (RFC 7468) of any length, also in one line with written `\\n`, quoted or indented. */
import { asciiTable } from './ascii-table.ts'
import type { Span } from './span.ts'

const LABEL = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/y
/** Between the lines: base64, armour headers, white space, written line ends, quotes and joins of any language. */
const BODY = /[A-Za-z0-9+/=\s\\"'`,:;.()|>*#-]*/y
/** Of a key that was cut off: whole lines of base64 only, or the text after it would go too. */
const LINES =
  /(?:\s|\\[nr]|["',]){0,20}[A-Za-z0-9+/]{16,}={0,2}(?:(?:\s|\\[nr]|["',]){1,20}[A-Za-z0-9+/]{16,}={0,2})*(?:\s{1,2}[A-Za-z0-9+/]{1,64}={1,2})?/y
/** Less is no key, but somebody's text about keys. */
const LEAST_BASE64 = 40
/** Different characters. */
const MOST_OF_NO_KEY = 8

/** `start` is where `-----BEGIN` starts. */
export function findPem(text: string, start: number): Span | null {
  const label = matchAt(LABEL, text, start)
  if (label === null) return null
  const bodyStart = start + label[0].length
  const dashes = text.indexOf('-----', bodyStart)
  const footer = `-----END ${label[1] ?? ''}-----`
  const isWhole = dashes >= 0 && text.startsWith(footer, dashes)
  const bodyEnd = isWhole ? dashes : bodyStart + lengthAt(LINES, text, bodyStart)
  if (isWhole && lengthAt(BODY, text, bodyStart) < dashes - bodyStart) return null
  if (!isKeyMaterial(text, bodyStart, bodyEnd)) return null
  return { start, end: isWhole ? dashes + footer.length : bodyEnd }
}

/** 0: it does not match. */
function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex - at : 0
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

const IS_BASE64 = asciiTable(/[A-Za-z0-9+/]/)
const BACKSLASH = 0x5c

/** Enough base64, and more than a few different characters; letters of written line ends (`\\n`) do not count. */
function isKeyMaterial(text: string, from: number, to: number): boolean {
  if (to - from < LEAST_BASE64) return false
  const seen = new Uint8Array(128)
  let count = 0
  let distinct = 0
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH && /[nrt]/.test(text[at + 1] ?? '')) at += 1
    if (IS_BASE64[code] !== 1) continue
    count += 1
    if (seen[code] === 0) distinct += 1
    seen[code] = 1
    if (count >= LEAST_BASE64 && distinct > MOST_OF_NO_KEY) return true
  }
  return false
}
