/**
 * Knows where a text says the same again at a short distance, so that what was looked for there and not found need not be
 * looked for again. Without it, beginnings of secrets over and over would cost a look each. A text that does not repeat
 * itself costs next to nothing.
 */

/** Longest distance at which a text is seen to repeat itself. */
const LONGEST_PERIOD = 256
/** What must stand at both places for a period to be tried. */
const SAMPLE = 64
/** Looks between two tries to find a period: the first ones, and at most, of a text that has none. */
const LOOKS_PER_TRY = 32
const MOST_LOOKS_PER_TRY = 512
/** Characters that are compared at once. */
const STRIDE = 512
/** Shorter texts are not worth it. */
const LEAST_LENGTH = 8192

/** Of one text and one scan, asked from its beginning to its end. */
export class Repeats {
  readonly #text: string
  readonly #isWorthIt: boolean
  /** 0: none is known. */
  #period = 0
  /** Each character in here is the one that stands a period before it. */
  #from = 0
  #until = 0
  #looks = 0
  #looksPerTry = LOOKS_PER_TRY

  constructor(text: string) {
    this.#text = text
    this.#isWorthIt = text.length >= LEAST_LENGTH
  }

  /**
   * Does everything within `reach` of `at` stand a period before as well, where nothing was found? What depends on
   * nothing else finds nothing here either.
   */
  has(at: number, reach: number): boolean {
    if (!this.#isWorthIt) return false
    if (this.#period === 0 && !this.#findPeriod(at)) return false
    if (at - reach - this.#period < this.#from) return false
    return this.#reaches(at + reach)
  }

  /** The same for all looks from `from` to `to`. */
  hasAll(from: number, to: number, reach: number): boolean {
    if (!this.#isWorthIt || (this.#period === 0 && !this.#findPeriodBefore(from))) return false
    return from - reach - this.#period >= this.#from && this.#reaches(to + reach)
  }

  /** How far apart what repeats itself stands; 0: none is known. */
  get period(): number {
    return this.#period
  }

  /** Something was found that ends at `end`: what comes before it must not be relied on. */
  forget(end: number): void {
    this.#from = Math.max(this.#from, end)
    if (this.#from > this.#until) this.#period = 0
  }

  #findPeriod(at: number): boolean {
    this.#looks += 1
    if (this.#looks < this.#looksPerTry) return false
    this.#looks = 0
    const isFound = this.#findPeriodBefore(at)
    this.#looksPerTry = isFound ? LOOKS_PER_TRY : Math.min(2 * this.#looksPerTry, MOST_LOOKS_PER_TRY)
    return isFound
  }

  #findPeriodBefore(at: number): boolean {
    if (at < SAMPLE) return false
    const start = at - SAMPLE
    const before = this.#text.slice(Math.max(0, start - LONGEST_PERIOD), at - 1)
    const found = before.lastIndexOf(this.#text.slice(start, at))
    if (found === -1) return false
    this.#period = Math.min(start, LONGEST_PERIOD) - found
    this.#from = Math.max(this.#from, start)
    this.#until = at
    return true
  }

  /** Read on to `end`; each character is read once or twice. */
  #reaches(end: number): boolean {
    if (end > this.#text.length) return false
    let until = this.#until
    while (until + STRIDE <= end && this.#isSame(until, until + STRIDE)) until += STRIDE
    while (until < end && this.#text.charCodeAt(until) === this.#text.charCodeAt(until - this.#period)) until += 1
    this.#until = until
    if (until >= end) return true
    // It says something else here: look for a new period behind it.
    this.#period = 0
    this.#from = until
    return false
  }

  /** Comparing pieces of text is ten times as fast as comparing their characters. */
  #isSame(from: number, to: number): boolean {
    return this.#text.slice(from, to) === this.#text.slice(from - this.#period, to - this.#period)
  }
}
