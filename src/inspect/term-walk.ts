/**
 * Looks for terms place by place of a window. Where a text repeats itself, a look that would read the same units again
 * is not made: its answer is that of the last one. Otherwise a text of one word over and over would be read from each
 * place as far as a term of that word goes.
 */
import type { TermTree } from './term-tree.ts'
import { windowUnits } from './term-words.ts'

const units = windowUnits

export class TermWalk {
  readonly #tree: TermTree
  #limit = 0
  /** Of the last look: where it began, what it found, and the place behind all that it read. */
  #start = 0
  #found = 0
  #reach = 0
  /** Each unit from `start`, or before, up to `same` is the same as the one `period` behind it. */
  #period = 0
  #same = 0

  constructor(tree: TermTree) {
    this.#tree = tree
  }

  /** Another slice is in the window, which ends at `limit`, as the text does or before. */
  begin(limit: number): void {
    this.#limit = limit
    this.#reach = 0
    this.#period = 0
  }

  /** As the tree's own; each `start` is greater than the one before. */
  longestAt(start: number, firstEnd: number, firstHash: number): number {
    if (start < this.#reach && this.#isRepeated(start)) {
      const moved = start - this.#start
      this.#found = this.#found === 0 ? 0 : this.#found + moved
      this.#reach += moved
    } else {
      this.#found = this.#tree.longestAt(start, firstEnd, firstHash, this.#limit)
      this.#reach = this.#tree.reach
    }
    this.#start = start
    return this.#found
  }

  /** The units that the last look read stand again from `start` on. What was compared is not compared again. */
  #isRepeated(start: number): boolean {
    const period = start - this.#start
    if (this.#reach + period > this.#limit) return false
    this.#same = period === this.#period ? Math.max(this.#same, this.#start) : this.#start
    this.#period = period
    while (this.#same < this.#reach && units[this.#same] === units[this.#same + period]) this.#same += 1
    return this.#same >= this.#reach
  }
}
