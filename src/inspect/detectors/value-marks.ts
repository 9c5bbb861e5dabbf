/**
 * Which kinds of characters a value has, found in one pass, so that a regular expression is asked only about values that it
 * could match at all.
 */

/** Bits of a mask. */
export const CAPITALS = 1
export const SMALLS = 2
export const DIGITS = 4
export const UNDERSCORE = 8
export const DASH = 16
export const DOT = 32
export const SLASH = 64
/** `( > : &`: what calls, arrows, addresses and operators are made of. */
export const SYNTAX = 128
/** `$ % {`: what templates are made of. */
export const TEMPLATE = 256
/** Marks that people put into passwords. */
export const SYMBOL = 512
/** Other than ASCII. */
export const FOREIGN = 1024
/** Any other character. */
export const OTHER = 2048

const KINDS: readonly (readonly [pattern: RegExp, bit: number])[] = [
  [/[A-Z]/, CAPITALS],
  [/[a-z]/, SMALLS],
  [/[0-9]/, DIGITS],
  [/_/, UNDERSCORE],
  [/-/, DASH],
  [/\./, DOT],
  [/\//, SLASH],
  [/[(>:&]/, SYNTAX],
  [/[$%{]/, TEMPLATE],
  [/[!@#$%^&*?+=~|]/, SYMBOL],
]

const MARKS = Uint16Array.from({ length: 128 }, (_, code) => {
  const letter = String.fromCharCode(code)
  return KINDS.reduce((bits, [pattern, bit]) => (pattern.test(letter) ? bits | bit : bits), 0) || OTHER
})

/** The bits of all characters of `value`. */
export function marksOf(value: string): number {
  let marks = 0
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    marks |= code < 128 ? (MARKS[code] ?? 0) : FOREIGN
  }
  return marks
}
