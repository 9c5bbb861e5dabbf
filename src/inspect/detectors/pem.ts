/** PEM private keys (RFC 7468) of any length, also in one line with written `\n`, quoted or indented. */
import type { Span } from './span.ts'

const LABEL = /-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----/y
/** What may stand between the lines: base64, armour headers, white space, written line ends, quotes and joins. */
const BODY = /[A-Za-z0-9+/=\s\\"'`,:;.()|>*#-]{0,4096}/y

/** `start` is where `-----BEGIN` starts. A key that is cut off is still a key: what is there is marked. */
export function findPem(text: string, start: number): Span | null {
  LABEL.lastIndex = start
  const label = LABEL.exec(text)
  if (label === null) return null
  const footer = `-----END ${label[1] ?? ''}-----`
  const bodyStart = start + label[0].length
  const bodyEnd = endOfBody(text, bodyStart)
  const footerAt = text.slice(bodyStart, bodyEnd + footer.length).indexOf(footer)
  const end = footerAt < 0 ? bodyEnd : bodyStart + footerAt
  const base64 = text.slice(bodyStart, end).replace(/\\[nrt]|[^A-Za-z0-9+/]/g, '')
  if (base64.length < 40 || /^(.)\1*$/.test(base64)) return null
  return { start, end: footerAt < 0 ? trimmedEnd(text, start, end) : end + footer.length }
}

function endOfBody(text: string, start: number): number {
  let at = start
  for (;;) {
    BODY.lastIndex = at
    const length = BODY.exec(text)?.[0].length ?? 0
    at += length
    const stop = text.indexOf('-----', at - length)
    if (stop >= 0 && stop < at) return stop
    if (length < 4096) return at
  }
}

function trimmedEnd(text: string, start: number, end: number): number {
  return start + text.slice(start, end).trimEnd().length
}
