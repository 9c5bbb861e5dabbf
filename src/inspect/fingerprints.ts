/**
 * Recognises a company's own source code in a text by its fingerprints: hashes of short runs of bare text, chosen by
 * winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", 2003), so that any
 * run of `RUN + WINDOW - 1` units that both sides share has one in common. Of the source only 32-bit hashes are kept.
 */

import type { PlaceTable } from './place-table.ts'
import { bareText } from './source-text.ts'

/** Units of bare text behind one hash. */
const RUN = 32
/** Of so many neighbours one hash is chosen. */
const WINDOW = 16
/** Units of bare text that must be known, about five lines: less is anybody's code. */
export const SHORTEST_COPY = 200
/** Fingerprints that must be known: chance alone finds one or two. */
const FEWEST_HITS = 10
/** Units of bare text that may be new between two known places: an edited line or two. */
const LONGEST_EDIT = 160
const FACTOR = 0x01000193
/** Units of bare text between two looks at the clock. */
const STRETCH = 65_536

/** Calls `onChosen` with each chosen hash and the number of the unit its run begins at. */
function winnow(units: Uint16Array, length: number, onChosen: (hash: number, at: number) => boolean): void {
  const hashes = new Uint32Array(WINDOW)
  let hash = 0
  let chosenAt = -1
  let chosen = 0
  for (let at = 0; at < length; at += 1) {
    hash =
      (Math.imul(hash, FACTOR) + (units[at] ?? 0) - Math.imul(LAST_FACTOR, at >= RUN ? (units[at - RUN] ?? 0) : 0)) | 0
    const first = at - RUN + 1
    if (first < 0) continue
    const mixed = mix(hash)
    hashes[first % WINDOW] = mixed
    if (first < WINDOW - 1) continue
    if (chosenAt > first - WINDOW && mixed > chosen) continue
    ;[chosen, chosenAt] = chosenAt > first - WINDOW ? [mixed, first] : smallest(hashes, first)
    if (!onChosen(chosen, chosenAt)) return
  }
}

/** The smallest hash of the window that ends at `last`; of equal ones the last. */
function smallest(hashes: Uint32Array, last: number): [hash: number, at: number] {
  let least = hashes[last % WINDOW] ?? 0
  let place = last
  for (let at = last - 1; at > last - WINDOW; at -= 1) {
    const hash = hashes[at % WINDOW] ?? 0
    if (hash < least) [least, place] = [hash, at]
  }
  return [least, place]
}

/** What a unit weighs when it leaves the run. */
const LAST_FACTOR = Array.from({ length: RUN }).reduce<number>((power) => Math.imul(power, FACTOR), 1)

/** The last steps of MurmurHash3: without them the smallest hashes would belong to alike runs. Never 0. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1
}

/** The fingerprints of one source text, each once. */
export function fingerprintsOf(text: string): Set<number> {
  const { units, length } = bareText(text)
  const found = new Set<number>()
  winnow(units, length, (hash) => {
    found.add(hash)
    return true
  })
  return found
}

/** Finds copies of the sources that `fingerprints` were taken from. */
export function buildFingerprintTable(fingerprints: Iterable<number>): PlaceTable {
  const known = new HashSet(fingerprints)
  return {
    size: known.size,
    scan: (text, isOver, onPlace) => {
      if (text.length < SHORTEST_COPY || known.size === 0) return
      const { units, places, length } = bareText(text)
      const copy = new Copy((start, end) => onPlace(places[start] ?? 0, (places[end - 1] ?? 0) + 1))
      let check = STRETCH
      winnow(units, length, (hash, at) => {
        if (known.has(hash)) copy.hit(at)
        if (at < check) return true
        check = at + STRETCH
        return !isOver()
      })
      copy.end()
    },
  }
}

/** Known places that lie close together, as one. */
class Copy {
  readonly #onCopy: (start: number, end: number) => void
  #start = 0
  #last = -1
  #hits = 0

  constructor(onCopy: (start: number, end: number) => void) {
    this.#onCopy = onCopy
  }

  hit(at: number): void {
    if (this.#last === -1 || at - this.#last > RUN + LONGEST_EDIT) {
      this.end()
      this.#start = at
      this.#hits = 0
    }
    this.#last = at
    this.#hits += 1
  }

  end(): void {
    if (this.#last === -1) return
    const end = this.#last + RUN
    if (this.#hits >= FEWEST_HITS && end - this.#start >= SHORTEST_COPY) this.#onCopy(this.#start, end)
    this.#last = -1
  }
}

/** Open addressing over 32-bit hashes that are random already; 0 is an empty slot. */
class HashSet {
  readonly size: number
  readonly #slots: Uint32Array
  readonly #mask: number

  constructor(hashes: Iterable<number>) {
    const distinct = new Set(hashes)
    this.size = distinct.size
    this.#mask = (1 << Math.max(4, Math.ceil(Math.log2(distinct.size * 2 + 1)))) - 1
    this.#slots = new Uint32Array(this.#mask + 1)
    for (const hash of distinct) {
      let slot = hash & this.#mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot] = hash
    }
  }

  has(hash: number): boolean {
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const there = this.#slots[slot]
      if (there === hash) return true
      if (there === 0) return false
    }
  }
}
