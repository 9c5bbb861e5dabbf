/**
 * Terms word by word: what several begin with is there once, so that a text of one word over and over costs no more when
 * many terms begin with it. All steps stand in one table, and a step in one line of the processor's cache; nothing is
 * decided by a hash alone, and a look makes no garbage.
 */
import { BEHIND, endOfWord, fillWindow, hashOf, isSpace, lowerUnit, windowUnits } from './term-words.ts'

/** Numbers of one step: where it comes from, the hash of its word, where that stands, its marks. No mark: an empty slot. */
const STEP = 4
/** The state before the first word. Every other is the number of the slot that led there. */
const ROOT = -1
const IS_STEP = 1
/** A term ends here. */
const ENDS = 2
/** A longer term goes on from here. */
const GOES_ON = 4
/** What the hash of a word becomes behind white space. */
const SPACED = 0x5bd1e995
const units = windowUnits

export class TermTree {
  readonly #ignoresCase: boolean
  readonly #steps: Int32Array
  readonly #mask: number
  /** Each word once: its length, then its units. */
  readonly #words: Uint16Array
  #reach = 0

  /** `terms`: folded as the tree is to fold texts, white space inside as one space. */
  constructor(terms: readonly string[], ignoresCase: boolean) {
    this.#ignoresCase = ignoresCase
    const { words, places, steps } = wordsOf(terms)
    this.#words = words
    this.#mask = 2 ** Math.ceil(Math.log2(steps * 1.25 + 2)) - 1
    this.#steps = new Int32Array((this.#mask + 1) * STEP)
    for (const term of terms) this.#add(term, places)
  }

  /**
   * Where the longest term ends that begins at `start` of the window; 0 when there is none. Its first word ends at
   * `firstEnd` and has the hash `firstHash`. `limit`: where the text ends, or else the window.
   */
  longestAt(start: number, firstEnd: number, firstHash: number, limit: number): number {
    let state = this.#next(ROOT, firstHash, start, firstEnd)
    const steps = this.#steps
    let end = firstEnd
    let found = 0
    for (;;) {
      this.#reach = end + 1
      const marks = steps[state * STEP + 3] ?? 0
      if ((marks & ENDS) !== 0) found = end
      if ((marks & GOES_ON) === 0 || end >= limit) return found
      const at = isSpace(units[end] ?? 0) ? endOfWord(end, limit) : end
      if (at >= limit) {
        this.#reach = at + 1
        return found
      }
      const isSpaced = at > end
      end = endOfWord(at, limit)
      state = this.#next(state, isSpaced ? hashOf(at, end) ^ SPACED : hashOf(at, end), at, end)
    }
  }

  /** Behind the last unit that the last look read: greater than its `limit` where that decided. */
  get reach(): number {
    return this.#reach
  }

  /**
   * Keeps of the first `count` words those that may begin a term, by their hashes; how many. The walk would find it out
   * too, but it waits for each place in memory, where this loop asks for many at once.
   */
  siftFirst(hashes: Int32Array, ends: Uint16Array, count: number): number {
    const steps = this.#steps
    let kept = 0
    for (let word = 0; word < count; word += 1) {
      const hash = hashes[word] ?? 0
      hashes[kept] = hash
      ends[kept] = ends[word] ?? 0
      kept += (steps[slotOf(ROOT, hash, this.#mask) * STEP + 3] ?? 0) & IS_STEP
    }
    return kept
  }

  /** The slot of the step from `state` with the word from `start` to `end`; an empty one when there is none. */
  #next(state: number, hash: number, start: number, end: number): number {
    const steps = this.#steps
    for (let slot = slotOf(state, hash, this.#mask); ; slot = (slot + 1) & this.#mask) {
      const step = slot * STEP
      if (steps[step + 3] === 0) return slot
      if (steps[step] === state && steps[step + 1] === hash && this.#isWritten(steps[step + 2] ?? 0, start, end))
        return slot
    }
  }

  #isWritten(word: number, start: number, end: number): boolean {
    const words = this.#words
    if (words[word] !== end - start) return false
    const ignoresCase = this.#ignoresCase
    const offset = word + 1 - start
    for (let at = start; at < end; at += 1) {
      const unit = units[at] ?? 0
      if (words[offset + at] !== (ignoresCase ? lowerUnit(unit) : unit)) return false
    }
    return true
  }

  #add(term: string, places: ReadonlyMap<string, number>): void {
    const limit = fillWindow(term, 0)
    let state = ROOT
    for (let at = BEHIND; at < limit; ) {
      const start = isSpace(units[at] ?? 0) ? endOfWord(at, limit) : at
      const end = endOfWord(start, limit)
      const hash = start > at ? hashOf(start, end) ^ SPACED : hashOf(start, end)
      const from = state
      if (from !== ROOT) this.#mark(from, GOES_ON)
      state = this.#next(from, hash, start, end)
      if (this.#steps[state * STEP + 3] === 0) {
        const word = places.get(term.slice(start - BEHIND, end - BEHIND)) ?? 0
        this.#steps.set([from, hash, word, IS_STEP], state * STEP)
      }
      at = end
    }
    if (state !== ROOT) this.#mark(state, ENDS)
  }

  #mark(state: number, mark: number): void {
    this.#steps[state * STEP + 3] = (this.#steps[state * STEP + 3] ?? 0) | mark
  }
}

function slotOf(state: number, hash: number, mask: number): number {
  const mixed = Math.imul(Math.imul(state, 0x9e3779b1) ^ hash, 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) & mask
}

interface Words {
  readonly words: Uint16Array
  /** Where in `words` each stands. */
  readonly places: ReadonlyMap<string, number>
  /** Words of all terms together. */
  readonly steps: number
}

function wordsOf(terms: readonly string[]): Words {
  const places = new Map<string, number>()
  let steps = 0
  let room = 0
  for (const term of terms) {
    const limit = fillWindow(term, 0)
    for (let at = BEHIND; at < limit; ) {
      const end = endOfWord(at, limit)
      const word = term.slice(at - BEHIND, end - BEHIND)
      at = end
      if (word === ' ') continue
      steps += 1
      if (places.has(word)) continue
      places.set(word, room)
      room += 1 + word.length
    }
  }
  const words = new Uint16Array(room)
  for (const [word, place] of places) {
    words[place] = word.length
    for (let at = 0; at < word.length; at += 1) words[place + 1 + at] = word.charCodeAt(at)
  }
  return { words, places, steps }
}
