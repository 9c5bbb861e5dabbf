/** Finds the values of an `application/x-www-form-urlencoded` body as byte spans, still percent-encoded. */
import { Buffer } from 'node:buffer'

/** One field; offsets are bytes. A field without `=` is all value and has no name. */
export interface FormSpan {
  /** As written, still percent-encoded. */
  readonly name: string
  readonly nameStart: number
  readonly nameEnd: number
  readonly start: number
  readonly end: number
}

const AMPERSAND = 0x26
const EQUALS = 0x3d

/** More fields than any form has; beyond it a body counts as unparsable. */
export const FORM_MAX_FIELDS = 100_000

/** Every field in order, empty ones left out; `null` when there are too many. Any other bytes are some fields. */
export function formSpans(bytes: Uint8Array): FormSpan[] | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const spans: FormSpan[] = []
  for (let from = 0; from < buffer.length; ) {
    const next = buffer.indexOf(AMPERSAND, from)
    const end = next < 0 ? buffer.length : next
    const equals = buffer.subarray(from, end).indexOf(EQUALS)
    const nameEnd = equals < 0 ? from : from + equals
    const start = equals < 0 ? from : nameEnd + 1
    if (end > from) {
      if (spans.length >= FORM_MAX_FIELDS) return null
      spans.push({ name: buffer.toString('utf8', from, nameEnd), nameStart: from, nameEnd, start, end })
    }
    from = end + 1
  }
  return spans
}
