/** How often each of very many hashes was counted, in a few bytes for each: a `Map` of them is ten times as large. */

/** More is not told apart. */
const MOST = 255
/** Fewer slots than this are not worth it. */
const FEWEST_SLOTS = 1 << 12

export class HashCounts {
  /** Open addressing over hashes that are random already; 0 is an empty slot and no hash. */
  #hashes = new Uint32Array(FEWEST_SLOTS)
  #counts = new Uint8Array(FEWEST_SLOTS)
  #used = 0

  /** `hashes`: none of them 0. */
  addAll(hashes: Uint32Array): void {
    for (const hash of hashes) {
      const slot = this.#slotOf(hash)
      const count = this.#counts[slot] ?? 0
      if (count < MOST) this.#counts[slot] = count + 1
      if (this.#hashes[slot] === hash) continue
      this.#hashes[slot] = hash
      this.#used += 1
      if (this.#used * 2 > this.#hashes.length) this.#grow()
    }
  }

  /** As if they had never been counted. */
  forgetAll(hashes: Uint32Array): void {
    for (const hash of hashes) this.#counts[this.#slotOf(hash)] = 0
  }

  /** Those that were counted, but less often than `limit`; in growing order. */
  below(limit: number): Uint32Array {
    const isWanted = (slot: number): boolean => {
      const count = this.#counts[slot] ?? 0
      return count > 0 && count < limit
    }
    return this.#hashes.filter((_, slot) => isWanted(slot)).sort()
  }

  #grow(): void {
    const [hashes, counts] = [this.#hashes, this.#counts]
    this.#hashes = new Uint32Array(hashes.length * 2)
    this.#counts = new Uint8Array(hashes.length * 2)
    for (const [index, hash] of hashes.entries()) {
      if (hash === 0) continue
      const slot = this.#slotOf(hash)
      this.#hashes[slot] = hash
      this.#counts[slot] = counts[index] ?? 0
    }
  }

  #slotOf(hash: number): number {
    const mask = this.#hashes.length - 1
    let slot = hash & mask
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }
}
