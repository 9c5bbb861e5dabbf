/**
 * Chooses the fingerprints of a text: hashes of short runs of bare text, chosen by winnowing (Schleimer, Wilkerson,
 * Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", 2003), so that any run of `RUN + WINDOW - 1` units
 * that two texts share has one in common.
 */
import { BareReader, barePlaces, bareUnits, KEPT, SLICE } from './source-text.ts'

/** Units of bare text behind one hash. */
export const RUN = 32
/** Of so many neighbours one hash is chosen: of equal ones the last. `KEPT` has room for a window of runs. */
const WINDOW = 16
const FACTOR = 0x01000193
/** What a unit weighs when it leaves the run. */
const LAST_FACTOR = Array.from({ length: RUN }).reduce<number>((power) => Math.imul(power, FACTOR), 1)
/** Turns the order of unsigned numbers into that of signed ones, which are compared faster. */
const SIGN = -0x80000000

// Of the module, and under names that are not exported, for the reason that the units of bare text are.
const leasts = new Uint32Array(SLICE)
/** The hashes chosen of a slice, by place. */
export const chosen: Uint32Array = leasts
/** Index of the last unit of the run behind each. */
const chosenAt = new Uint16Array(SLICE)
const units = bareUnits
/** Of the run that ends at each unit, signed. */
const hashes = new Int32Array(KEPT + SLICE)
/** What `choose` leaves for the next slice: the least hash of the window and where it stands. */
const state = new Int32Array(2)

/** The chosen hashes of a text, slice by slice. */
export class Winnow {
  readonly #reader: BareReader
  #hash = 0
  /** Units of bare text before this slice. */
  #before = 0
  #length = 0

  constructor(text: string) {
    this.#reader = new BareReader(text)
  }

  /** How many hashes are chosen in the next slice, which may be none; -1 when the text is read. */
  next(): number {
    hashes.copyWithin(0, this.#length, this.#length + KEPT)
    this.#before += this.#length
    const last = this.#length
    this.#length = this.#reader.next()
    if (this.#length === -1) return -1
    const end = KEPT + this.#length
    this.#hash = roll(end, this.#hash)
    // The first window of a text is full with its unit RUN + WINDOW - 2: all of it is looked at.
    const missing = RUN + WINDOW - 2 - this.#before
    return missing < 0 ? choose(KEPT, end, (state[1] ?? 0) - last) : choose(KEPT + missing, end, -WINDOW)
  }

  /** Number of the unit of bare text that the run behind the chosen hash `index` begins at. */
  unitOf(index: number): number {
    return this.#before + (chosenAt[index] ?? 0) - KEPT - RUN + 1
  }

  /** Where in the text that run begins. */
  startOf(index: number): number {
    return barePlaces[(chosenAt[index] ?? 0) - RUN + 1] ?? 0
  }

  /** Where in the text that run ends. */
  endOf(index: number): number {
    return (barePlaces[chosenAt[index] ?? 0] ?? 0) + 1
  }
}

/** Hashes the runs that end before `end`; `hash` is that of the last run before. */
function roll(end: number, hash: number): number {
  let rolled = hash
  for (let at = KEPT; at < end; at += 1) {
    rolled = (Math.imul(rolled, FACTOR) + (units[at] ?? 0) - Math.imul(LAST_FACTOR, units[at - RUN] ?? 0)) | 0
    // The last steps of MurmurHash3: without them the smallest hashes would belong to alike runs. Never 0.
    let mixed = Math.imul(rolled ^ (rolled >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    hashes[at] = (mixed ^ (mixed >>> 16) || 1) ^ SIGN
  }
  return rolled
}

/** Puts what is chosen of the windows that end from `from` to `end` into `chosen`; how many. */
function choose(from: number, end: number, lastAt: number): number {
  let least = state[0] ?? 0
  let leastAt = lastAt
  let count = 0
  for (let at = from; at < end; at += 1) {
    const until = Math.min(end, leastAt + WINDOW)
    while (at < until && (hashes[at] ?? 0) > least) at += 1
    if (at >= end) break
    least = hashes[at] ?? 0
    if (at >= leastAt + WINDOW) {
      leastAt = at
      for (let other = at - 1; other > at - WINDOW; other -= 1) {
        const there = hashes[other] ?? 0
        if (there < least) {
          least = there
          leastAt = other
        }
      }
    } else leastAt = at
    leasts[count] = least ^ SIGN
    chosenAt[count] = leastAt
    count += 1
  }
  state[0] = least
  state[1] = leastAt
  return count
}
