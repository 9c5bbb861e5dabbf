/**
 * Source text without what an editor or a reader changes: white space, comments and case are left out, so that the same
 * code looks the same wherever it was pasted from. No language is parsed; the same rules meet both sides.
 */

/** What is left of a text: units, and where each stood. */
export interface BareText {
  readonly units: Uint16Array
  readonly places: Uint32Array
  readonly length: number
}

/** A comment that does not end within this is none: `/*` stands in many a glob. */
const LONGEST_COMMENT = 8192
const LINE_FEED = 0x0a
const HASH = 0x23
const STAR = 0x2a
const DASH = 0x2d
const SLASH = 0x2f
const COLON = 0x3a
const LESS = 0x3c

/** Time and room linear in the text. */
export function bareText(text: string): BareText {
  const units = new Uint16Array(text.length)
  const places = new Uint32Array(text.length)
  let length = 0
  let isLineStart = true
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit <= 0x20 || unit === 0xa0 || unit === 0x3000) {
      if (unit === LINE_FEED) isLineStart = true
      continue
    }
    const end = mayBeginComment(unit) ? endOfComment(text, at, isLineStart) : at
    if (end > at) {
      at = end - 1
      continue
    }
    isLineStart = false
    units[length] = unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit
    places[length] = at
    length += 1
  }
  return { units, places, length }
}

const mayBeginComment = (unit: number): boolean =>
  unit === SLASH || unit === HASH || unit === DASH || unit === LESS || unit === STAR

/** Where the comment at `at` ends, before its line feed; `at` when there is none. */
function endOfComment(text: string, at: number, isLineStart: boolean): number {
  const next = text.charCodeAt(at + 1)
  const before = text.charCodeAt(at - 1)
  switch (text.charCodeAt(at)) {
    case SLASH:
      if (next === STAR) return endOf(text, at, '*/')
      return next === SLASH && before !== COLON ? endOfLine(text, at) : at
    case LESS:
      return text.startsWith('<!--', at) ? endOf(text, at, '-->') : at
    case STAR: // the middle of a comment whose beginning was not pasted
      return isLineStart && next <= 0x20 ? endOfLine(text, at) : at
    case DASH:
      return isLineStart && next === DASH ? endOfLine(text, at) : at
    default:
      return isLineStart || before <= 0x20 ? endOfLine(text, at) : at
  }
}

function endOf(text: string, at: number, closing: string): number {
  const end = text.slice(at + 2, at + LONGEST_COMMENT).indexOf(closing)
  return end === -1 ? at : at + 2 + end + closing.length
}

function endOfLine(text: string, at: number): number {
  let end = at
  while (end < text.length && end - at < LONGEST_COMMENT && text.charCodeAt(end) !== LINE_FEED) end += 1
  return end
}
