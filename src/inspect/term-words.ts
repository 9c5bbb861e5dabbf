/**
 * How terms and texts are cut into words: letters in one piece, a run of white space as one word, everything else unit
 * by unit. So scripts without spaces between words are looked into at every character.
 */
import { MAX_TERM_LENGTH } from './dictionary.ts'
import { TextUnits } from './text-units.ts'

/** A line break inside a term is no reason to miss it; a page of blanks is. */
const MAX_SPACE = 32
/** Units of text read at once: with all that they become they stay in the processor's cache. */
export const SLICE = 8192
/** Where a slice begins in the window: before it stand as many units as the longest word of a term has, and two more. */
export const BEHIND = MAX_TERM_LENGTH + 2
/** And behind it: the longest term, all of it white space, and one unit more. */
const AHEAD = MAX_TERM_LENGTH * MAX_SPACE + 1
/** Before and behind the text: no letter. */
const NOTHING = 0xffff

// Of the module and not of an object, and not the exported names themselves: V8 then knows where they stand, and the
// loops over them take half the time. So one text is looked at at a time.
const room = new TextUnits(BEHIND + SLICE + AHEAD + 1)
const units = room.units
/** A slice of a text from index `BEHIND` on, and what stands around it. */
export const windowUnits: Uint16Array = units

/** 1 for what is written in words with spaces between: ASCII letters, digits, `_`, and Latin, Greek and Cyrillic; 2 for white space. */
const KINDS = Uint8Array.from({ length: 0x10000 }, (_, unit) => {
  const character = String.fromCharCode(unit)
  if (/\s/u.test(character)) return 2
  return /\w/.test(character) || (unit >= 0xc0 && unit <= 0x52f && unit !== 0xd7 && unit !== 0xf7) ? 1 : 0
})
const LETTER = 1

/** ASCII capital letters as small ones; other scripts are compared as they stand. */
export const lowerUnit = (unit: number): number => (unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit)
export const isLetter = (unit: number): boolean => KINDS[unit] === LETTER
export const isSpace = (unit: number): boolean => KINDS[unit] === 2

/** Puts the slice that begins at `start` of the text into the window; the index where the text, or else the window, ends. */
export function fillWindow(text: string, start: number): number {
  const before = Math.min(start, BEHIND - 1)
  const behind = Math.min(text.length, start + SLICE + AHEAD)
  const end = BEHIND + behind - start
  units[BEHIND - before - 1] = NOTHING
  units[end] = NOTHING
  room.copy(text, { start: start - before, end: behind, at: BEHIND - before })
  return end
}

/** Where the word at `start` of the window ends; a long run of white space is several. */
export function endOfWord(start: number, limit: number): number {
  const kind = KINDS[units[start] ?? 0] ?? 0
  let end = start + 1
  if (kind === 0) return end
  const last = kind === LETTER ? limit : Math.min(limit, start + MAX_SPACE)
  while (end < last && KINDS[units[end] ?? 0] === kind) end += 1
  return end
}

/** Where the word of letters that ends at `end` of the window begins. */
export function startOfWord(end: number): number {
  let start = end - 1
  while (start > 0 && KINDS[units[start - 1] ?? 0] === LETTER) start -= 1
  return start
}

/** The hash of a word begins with 0 and goes on with each of its units (FNV-1a, but for the beginning). */
export const nextHash = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

/** Of what stands from `start` to `end` of the window, in lower case. */
export function hashOf(start: number, end: number): number {
  let hash = 0
  for (let at = start; at < end; at += 1) hash = nextHash(hash, lowerUnit(units[at] ?? 0))
  return hash
}
