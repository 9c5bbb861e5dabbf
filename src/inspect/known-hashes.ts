/**
 * A sorted list of 32-bit hashes that can be asked whether it has one. The list itself may be shared by many threads;
 * what each has of its own is a filter, which answers nearly every question from the processor's cache, and a directory
 * of the list.
 */

/** Bits of the filter for one hash: one question in nine passes it in vain, or fewer. */
const FILTER_BITS = 8
/** Hashes for each entry of the directory. */
const PER_ENTRY = 8

export class KnownHashes {
  readonly size: number
  readonly #sorted: Uint32Array
  /** One bit for the lowest bits of a hash. */
  readonly #filter: Uint8Array
  readonly #mask: number
  /** Where in `sorted` the hashes of each entry begin. */
  readonly #directory: Uint32Array
  readonly #entries: number

  /** `sorted`: in growing order, each once; it is kept, not copied. */
  constructor(sorted: Uint32Array) {
    this.size = sorted.length
    this.#sorted = sorted
    this.#mask = 2 ** Math.min(32, Math.max(10, Math.ceil(Math.log2(sorted.length * FILTER_BITS + 1)))) - 1
    this.#filter = new Uint8Array((this.#mask + 1) / 8)
    this.#entries = Math.max(1, Math.ceil(sorted.length / PER_ENTRY))
    this.#directory = new Uint32Array(this.#entries + 1)
    this.#fill()
  }

  /** Puts those of the first `count` of `hashes` that are known in front, by their places in `hashes`; how many. */
  findAll(hashes: Uint32Array, count: number, found: Uint16Array): number {
    const filter = this.#filter
    const mask = this.#mask
    let maybe = 0
    // Two loops: this one asks for many places of memory at once, where one loop with both would wait for each.
    for (let at = 0; at < count; at += 1) {
      const slot = (hashes[at] ?? 0) & mask
      found[maybe] = at
      maybe += ((filter[slot >>> 3] ?? 0) >>> (slot & 7)) & 1
    }
    let known = 0
    for (let each = 0; each < maybe; each += 1) {
      const at = found[each] ?? 0
      if (!this.#has(hashes[at] ?? 0)) continue
      found[known] = at
      known += 1
    }
    return known
  }

  #has(hash: number): boolean {
    const sorted = this.#sorted
    const entry = entryOf(hash, this.#entries)
    let from = this.#directory[entry] ?? 0
    let to = this.#directory[entry + 1] ?? 0
    while (from < to) {
      const middle = (from + to) >>> 1
      const there = sorted[middle] ?? 0
      if (there === hash) return true
      if (there < hash) from = middle + 1
      else to = middle
    }
    return false
  }

  #fill(): void {
    const filter = this.#filter
    const directory = this.#directory
    let entry = 0
    for (let at = 0; at < this.size; at += 1) {
      const hash = this.#sorted[at] ?? 0
      const slot = hash & this.#mask
      filter[slot >>> 3] = (filter[slot >>> 3] ?? 0) | (1 << (slot & 7))
      for (const own = entryOf(hash, this.#entries); entry < own; ) {
        entry += 1
        directory[entry] = at
      }
    }
    directory.fill(this.size, entry + 1)
  }
}

/**
 * The least of sixteen random numbers is a small one: by this curve they come in entries of about the same size. Others
 * only make entries of other sizes. It never falls where the hash grows.
 */
function entryOf(hash: number, entries: number): number {
  let above = 1 - hash / 2 ** 32
  above *= above
  above *= above
  above *= above
  above *= above
  return Math.min(entries - 1, Math.floor((1 - above) * entries))
}
