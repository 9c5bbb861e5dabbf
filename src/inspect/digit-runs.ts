/** Where numbers may begin in a text: its runs of digits, and which detectors each of them may start. */

/**
 * A run of digits. Code is full of single ones: shorter runs than three count only behind what a number begins with, `+`
 * and `(` of telephone numbers and the letters of a country. Ten times as fast as a loop where there are few.
 */
const DIGITS = /[0-9]{3,}|[+(A-Z][0-9]{1,2}(?![0-9])/g
const LONG = 3
/** Behind a run, the next one is looked for in so many characters by a loop: where there is one there are many. */
const NEAR = 24

/** The runs of one text, one after the other; what one says before it is asked means nothing. */
export class DigitRuns {
  readonly #text: string
  /** Of the run at hand. */
  start = 0
  end = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The first run of those that begin at `from`, where no run is cut, or further on is at hand; `false`: there is none. */
  find(from: number): boolean {
    DIGITS.lastIndex = from
    if (!DIGITS.test(this.#text)) return false
    this.end = DIGITS.lastIndex
    this.start = this.end - 1
    while (isDigit(this.#text.charCodeAt(this.start - 1))) this.start -= 1
    return true
  }

  /** The one behind the run at hand is at hand; `false`: it was the last one. */
  next(): boolean {
    const text = this.#text
    const behind = this.end
    let at = behind
    for (; at < behind + NEAR; at += 1) {
      if (!isDigit(text.charCodeAt(at))) continue
      const start = at
      while (isDigit(text.charCodeAt(at))) at += 1
      if (at - start < LONG && (start === behind || !beginsNumber(text.charCodeAt(start - 1)))) continue
      this.start = start
      this.end = at
      return true
    }
    return this.find(at - 1)
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const beginsNumber = (code: number): boolean => code === 0x2b || code === 0x28 || (code >= 0x41 && code <= 0x5a)

/** May a number of one kind begin with a run of `length` digits behind the UTF-16 unit `before` (`NaN`: behind nothing)? */
export type Beginning = (length: number, before: number) => boolean

/** Longer runs are all the same to every detector. */
const LONGEST = 24
const UNITS = 128
const ROW = UNITS + 2

/** Who may begin where: by the length of a run and what stands before it. */
export class Beginners<D extends { readonly begins?: Beginning }> {
  readonly all: readonly D[]
  readonly #lists: (readonly D[])[] = []
  readonly #list = new Uint8Array((LONGEST + 1) * ROW)

  /** In their order; of those that do not say where they begin, each begins everywhere. */
  constructor(all: readonly D[]) {
    this.all = all
    const known = new Map<string, number>()
    for (let at = 0; at < this.#list.length; at += 1) {
      const unit = at % ROW
      const before = unit === UNITS + 1 ? Number.NaN : unit
      const length = Math.floor(at / ROW)
      const here = all.filter(({ begins }) => begins === undefined || begins(length, before))
      const key = here.map((each) => all.indexOf(each)).join(',')
      const list = known.get(key) ?? this.#lists.push(here) - 1
      known.set(key, list)
      this.#list[at] = list
    }
  }

  at(text: string, start: number, end: number): readonly D[] {
    const unit = start === 0 ? UNITS + 1 : Math.min(text.charCodeAt(start - 1), UNITS)
    return this.#lists[this.#list[Math.min(end - start, LONGEST) * ROW + unit] ?? 0] ?? []
  }
}
