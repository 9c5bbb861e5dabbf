/**
 * Source text without what an editor or a reader changes: white space, comments and case are left out, so that the same
 * code looks the same wherever it was pasted from. No language is parsed; the same rules meet both sides.
 */
import { TextUnits } from './text-units.ts'

/** A comment that does not end within this is none: `/*` stands in many a glob. */
const LONGEST_COMMENT = 8192
const HASH = 0x23
const STAR = 0x2a
const DASH = 0x2d
const SLASH = 0x2f
const COLON = 0x3a
const LESS = 0x3c
const EXCLAMATION = 0x21
const SPACE = 0x20
/** Before and behind the text: no unit that any rule asks for. */
const NOTHING = 0xffff

const LEFT_OUT = 0
const COUNTS = 1
const LINE_FEED = 2
const MAYBE_COMMENT = 3

/** What each unit is: one of the four above, and from bit 2 on the unit in lower case. */
const KINDS = Int32Array.from({ length: 0x10000 }, (_, unit) => {
  if (unit === 0x0a) return LINE_FEED
  if (unit <= 0x20 || unit === 0xa0 || unit === 0x3000) return LEFT_OUT
  const lower = unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit
  return (lower << 2) | ('/#-<*'.includes(String.fromCharCode(unit)) ? MAYBE_COMMENT : COUNTS)
})

/** Units of text read at once: with all that they become they stay in the processor's cache. */
export const SLICE = 4096
/** Units that are kept of the slices before. */
export const KEPT = 48

// Of the module and not of an object, and not the exported names themselves: V8 then knows where they stand, and the
// loops over them take half the time. So one text is read at a time.
const units = new Uint16Array(KEPT + SLICE + 1)
const places = new Uint32Array(KEPT + SLICE + 1)
/** What is left of a slice, from index `KEPT` on, and before it what was left last. */
export const bareUnits: Uint16Array = units
/** Where in the text each of the units stood. */
export const barePlaces: Uint32Array = places

/** A slice as it stands in the text, from index 1 on, between its neighbours. */
const slice = new TextUnits(SLICE + 2)
const raw = slice.units
/** What `strip` leaves for the next slice: where it begins, and 1 at the beginning of a line. */
const state = new Int32Array(2)
/** Which reader the room belongs to. */
let latest = 0

/** Reads a text slice by slice: time linear in the text whatever it holds. */
export class BareReader {
  readonly #text: string
  readonly #comments: CommentEnds
  readonly #number: number
  #length = 0
  #next = 0
  #isLineStart = true

  /** INVARIANT: a reader is read to its end, or given up, before another one is made. */
  constructor(text: string) {
    this.#text = text
    this.#comments = new CommentEnds(text)
    units.fill(0, 0, KEPT)
    latest += 1
    this.#number = latest
  }

  /** How many units are left of the next slice, which may be none; -1 when the text is read. */
  next(): number {
    if (this.#number !== latest) throw new Error('two source texts are read at once')
    if (this.#next >= this.#text.length) return -1
    units.copyWithin(0, this.#length, this.#length + KEPT)
    places.copyWithin(0, this.#length, this.#length + KEPT)
    const start = this.#next
    const end = Math.min(this.#text.length, start + SLICE)
    raw[0] = NOTHING
    raw[end - start + 1] = NOTHING
    slice.copy(this.#text, { start: Math.max(0, start - 1), end: end + 1, at: start === 0 ? 1 : 0 })
    this.#length = strip(start, end, this.#isLineStart, this.#comments)
    this.#next = state[0] ?? 0
    this.#isLineStart = state[1] === 1
    return this.#length
  }
}

/** How many units are left between `start` and `end` of the text, which are in `raw`. */
function strip(start: number, end: number, isLineStart: boolean, comments: CommentEnds): number {
  const offset = start - 1
  let length = KEPT
  /** `length` at the last line feed: nothing was kept since where they are the same. */
  let lineStart = isLineStart ? length : -1
  let at = start
  for (; at < end; at += 1) {
    const kind = KINDS[raw[at - offset] ?? 0] ?? 0
    units[length] = kind >>> 2
    places[length] = at
    if ((kind & 2) === 0) length += kind & 1
    else if (kind === LINE_FEED) lineStart = length
    else {
      const after = endOfComment(at - offset, at, length === lineStart, comments)
      if (after === at) length += 1
      else at = after - 1
    }
  }
  state[0] = at
  state[1] = length === lineStart ? 1 : 0
  return length - KEPT
}

/** Where the comment at `at` ends, before its line feed; `at` when there is none. `index`: of `at` in `raw`. */
function endOfComment(index: number, at: number, isLineStart: boolean, comments: CommentEnds): number {
  const next = raw[index + 1] ?? NOTHING
  switch (raw[index] ?? NOTHING) {
    case SLASH:
      if (next === STAR) return comments.block(at)
      return next === SLASH && raw[index - 1] !== COLON ? comments.line(at) : at
    case LESS:
      return next === EXCLAMATION ? comments.markup(at) : at
    default:
      return isLineComment(index, next, isLineStart) ? comments.line(at) : at
  }
}

/** Of those that need a beginning of a line, or white space, before them. */
function isLineComment(index: number, next: number, isLineStart: boolean): boolean {
  if (raw[index] === HASH) return isLineStart || (raw[index - 1] ?? NOTHING) <= SPACE
  if (raw[index] === DASH) return isLineStart && next === DASH
  return isLineStart && next <= SPACE // a star: the middle of a comment whose beginning was not pasted
}

/** Where comments end. Each end is looked for once, however many beginnings stand before it. */
class CommentEnds {
  readonly #text: string
  #lineFeed = -1
  #blockEnd = -1
  #markupEnd = -1

  constructor(text: string) {
    this.#text = text
  }

  /** Of the comment to the end of the line that begins at `at`. */
  line(at: number): number {
    if (this.#lineFeed < at) this.#lineFeed = this.#find('\n', at)
    return Math.min(this.#lineFeed, at + LONGEST_COMMENT, this.#text.length)
  }

  /** Of the comment in `/*` and its counterpart; `at` when it does not end. */
  block(at: number): number {
    if (this.#blockEnd < at + 2) this.#blockEnd = this.#find('*/', at + 2)
    return this.#blockEnd + 2 <= at + LONGEST_COMMENT ? this.#blockEnd + 2 : at
  }

  /** Of the comment in `<!--` and its counterpart; `at` when there is none or it does not end. */
  markup(at: number): number {
    if (!this.#text.startsWith('<!--', at)) return at
    if (this.#markupEnd < at + 2) this.#markupEnd = this.#find('-->', at + 2)
    return this.#markupEnd + 3 <= at + LONGEST_COMMENT ? this.#markupEnd + 3 : at
  }

  #find(ending: string, from: number): number {
    const found = this.#text.indexOf(ending, from)
    return found === -1 ? Infinity : found
  }
}
