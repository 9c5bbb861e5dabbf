/** PEM private keys (RFC 7468) of any length, also in one line with written `\\n`, quoted or indented. */
import type { Span } from './span.ts'

const LABEL = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/y
/** Between the lines: base64, armour headers, white space, written line ends, quotes and joins of any language. */
const BODY = /[A-Za-z0-9+/=\s\\"'`,:;.()|>*#-]*/y
/** Of a key that was cut off: whole lines of base64 only, or the text after it would go too. */
const LINES =
  /(?:\s|\\[nr]|["',]){0,20}[A-Za-z0-9+/]{16,}={0,2}(?:(?:\s|\\[nr]|["',]){1,20}[A-Za-z0-9+/]{16,}={0,2})*(?:\s{1,2}[A-Za-z0-9+/]{1,64}={1,2})?/y
/** Less is no key, but somebody's text about keys. */
const LEAST_BASE64 = 40

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
  if (!isKeyMaterial(text.slice(bodyStart, bodyEnd))) return null
  return { start, end: isWhole ? dashes + footer.length : bodyEnd }
}

const lengthAt = (pattern: RegExp, text: string, at: number): number => matchAt(pattern, text, at)?.[0].length ?? 0

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function isKeyMaterial(body: string): boolean {
  const base64 = body.replace(/\\[nrt]|[^A-Za-z0-9+/]/g, '')
  return base64.length >= LEAST_BASE64 && new Set(base64).size > 8
}
