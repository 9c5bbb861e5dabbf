/**
 * Recognises a company's own source code in a text by its fingerprints, which winnowing chose. Of the source only 32-bit
 * hashes are kept.
 */
import { KnownHashes } from './known-hashes.ts'
import type { PlaceHit, PlaceTable } from './place-table.ts'
import { chosen, RUN, Winnow } from './winnow.ts'

/** Units of bare text that must be known, about five lines: less is anybody's code. */
export const SHORTEST_COPY = 200
/** Fingerprints that must be known: chance alone finds one or two. */
const FEWEST_HITS = 10
/** Units of bare text that may be new between two known places: an edited line or two. */
const LONGEST_EDIT = 160

/** The fingerprints of one source text, in growing order, each once. */
export function fingerprintsOf(text: string): Uint32Array {
  const slices: Uint32Array[] = []
  let total = 0
  const winnow = new Winnow(text)
  for (let count = winnow.next(); count !== -1; count = winnow.next()) {
    slices.push(chosen.slice(0, count))
    total += count
  }
  const all = new Uint32Array(total)
  for (const slice of slices) all.set(slice, (total -= slice.length))
  return sortedOnce(all)
}

/** Which of the chosen hashes of a slice are known. */
const found = new Uint16Array(chosen.length)

/** Finds copies of the sources that `fingerprints` were taken from. An array in growing order is kept, not copied. */
export function buildFingerprintTable(fingerprints: Uint32Array): PlaceTable {
  const known = new KnownHashes(sortedOnce(fingerprints))
  return {
    size: known.size,
    scan: (text, isOver, onPlace) => {
      if (text.length < SHORTEST_COPY || known.size === 0) return
      const copy = new Copy(onPlace)
      const winnow = new Winnow(text)
      for (let count = winnow.next(); count !== -1; count = winnow.next()) {
        const hits = known.findAll(chosen, count, found)
        for (let hit = 0; hit < hits; hit += 1) copy.hit(winnow, found[hit] ?? 0)
        if (isOver()) break
      }
      copy.end()
    },
  }
}

/** The same array where it is in growing order already. */
function sortedOnce(hashes: Uint32Array): Uint32Array {
  if (isGrowing(hashes)) return hashes
  const sorted = hashes.slice().sort()
  let length = 0
  for (const hash of sorted) {
    if (length > 0 && sorted[length - 1] === hash) continue
    sorted[length] = hash
    length += 1
  }
  return sorted.slice(0, length)
}

function isGrowing(hashes: Uint32Array): boolean {
  for (let at = 1; at < hashes.length; at += 1) if ((hashes[at] ?? 0) <= (hashes[at - 1] ?? 0)) return false
  return true
}

/** Known places that lie close together, as one. */
class Copy {
  readonly #onCopy: PlaceHit
  #first = 0
  #last = -1
  #hits = 0
  #start = 0
  #end = 0

  constructor(onCopy: PlaceHit) {
    this.#onCopy = onCopy
  }

  hit(winnow: Winnow, index: number): void {
    const unit = winnow.unitOf(index)
    if (this.#last === -1 || unit - this.#last > RUN + LONGEST_EDIT) {
      this.end()
      this.#first = unit
      this.#hits = 0
      this.#start = winnow.startOf(index)
    }
    this.#last = unit
    this.#end = winnow.endOf(index)
    this.#hits += 1
  }

  end(): void {
    if (this.#last === -1) return
    const length = this.#last + RUN - this.#first
    if (this.#hits >= FEWEST_HITS && length >= SHORTEST_COPY) this.#onCopy(this.#start, this.#end)
    this.#last = -1
  }
}
