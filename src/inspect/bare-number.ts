/**
 * Numbers of JSON that stands in a string of JSON (arguments of a call): a card number may be written without quotes there,
 * and a placeholder in its place would leave JSON that nobody can read.
 */
import { Buffer } from 'node:buffer'

/** In bytes of the body. */
export interface NumberPlace {
  readonly start: number
  readonly end: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75
/** Longer ones nobody writes. */
const LONGEST_NUMBER = 64
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Of one body; asked from its beginning to its end, it reads each byte once. */
export class BareNumbers {
  readonly #body: Uint8Array
  /** Where the text under way begins, behind its quote; -1: none is. */
  #open = -1
  /** What stands before it was read. */
  #at = 0
  #isInString = false
  #isEscaped = false

  constructor(body: Uint8Array) {
    this.#body = body
  }

  /** The whole number in which something stands; `null`: it is in a string, or no number. */
  at({ start, end }: NumberPlace): NumberPlace | null {
    let from = start
    let to = end
    while (start - from < LONGEST_NUMBER && isNumberByte(this.#body[from - 1])) from -= 1
    while (to - end < LONGEST_NUMBER && isNumberByte(this.#body[to])) to += 1
    if (from < this.#at || to - from > LONGEST_NUMBER) return null
    const text = Buffer.from(this.#body.buffer, this.#body.byteOffset + from, to - from).toString('latin1')
    if (!NUMBER.test(text) || !this.#isOutside(from)) return null
    return { start: from, end: to }
  }

  /** Does `position` stand in a text, and there in no string? */
  #isOutside(position: number): boolean {
    const open = this.#openBefore(position)
    if (open >= 0) {
      this.#open = this.#at = open
      this.#isInString = this.#isEscaped = false
    }
    if (this.#open < 0) return false
    while (this.#at < position) this.#at += this.#read(this.#at)
    return !this.#isInString
  }

  /** Behind the last quote that no backslash escapes; -1: there is none in what was not read. */
  #openBefore(position: number): number {
    for (let at = position - 1; at >= this.#at; at -= 1) {
      if (this.#body[at] !== QUOTE) continue
      let slash = at
      while (slash > 0 && this.#body[slash - 1] === BACKSLASH) slash -= 1
      if ((at - slash) % 2 === 0) return at + 1
      at = slash
    }
    return -1
  }

  /** One character of the text, as its own JSON takes it; how many bytes it was. */
  #read(at: number): number {
    const [code, length] = this.#character(at)
    if (this.#isEscaped) this.#isEscaped = false
    else if (code === QUOTE) this.#isInString = !this.#isInString
    else this.#isEscaped = code === BACKSLASH && this.#isInString
    return length
  }

  #character(at: number): [code: number, length: number] {
    const body = this.#body
    const first = body[at] ?? 0
    if (first !== BACKSLASH) return [first, 1]
    const letter = body[at + 1] ?? 0
    if (letter !== LETTER_U) return [letter === QUOTE || letter === BACKSLASH ? letter : 0, 2]
    const digits = Buffer.from(body.buffer, body.byteOffset + at + 2, Math.min(4, body.length - at - 2))
    return [Number.parseInt(digits.toString('latin1'), 16), 6]
  }
}

/** Digits, sign, point, exponent. */
const isNumberByte = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45)
