/**
 * Finds the terms of a dictionary, many thousands of them, in one pass. The text is read slice by slice with filters that
 * let through each word that some term begins with, and few others; only those are compared. Whole words only.
 */
import type { PlaceTable } from './place-table.ts'
import { TermTree } from './term-tree.ts'
import { TermWalk } from './term-walk.ts'
import {
  BEHIND,
  fillWindow,
  isLetter,
  isSpace,
  lowerUnit,
  nextHash,
  SLICE,
  startOfWord,
  windowUnits,
} from './term-words.ts'

export interface TermTableOptions {
  /** ASCII letters only: other scripts are compared as they stand. */
  readonly ignoresCase: boolean
}

/** Bits of a filter for one beginning: of the words that begin no term one in a hundred passes it. */
const FILTER_BITS = 16
const SPACE = 0x20

// Of the module and not of an object: V8 then knows where they stand, and the loops over them take half the time.
/** Each unit in lower case, and in the lowest bit whether it is a letter. The filters know no case. */
const LETTERS = Int32Array.from({ length: 0x10000 }, (_, unit) => (lowerUnit(unit) << 1) | (isLetter(unit) ? 1 : 0))
/** What a unit is as the second one of a term. */
const SECONDS = Uint16Array.from({ length: 0x10000 }, (_, unit) => (isSpace(unit) ? SPACE : lowerUnit(unit)))
const units = windowUnits
/** Where in the window words of letters end, and their hashes. */
const ends = new Uint16Array(SLICE + 1)
const hashes = new Int32Array(SLICE + 1)
/** Where terms may begin: other units than letters. */
const begins = new Uint16Array(SLICE + 1)

/**
 * Finds the longest term at each place. Terms are as a dictionary file has them; equal ones count once. Every term has at
 * least two units and begins and ends with no white space; white space inside stands for any run of it.
 */
export function buildTermTable(terms: Iterable<string>, { ignoresCase }: TermTableOptions): PlaceTable {
  const distinct = new Set<string>()
  for (const term of terms) distinct.add((ignoresCase ? lower(term) : term).replace(/\s+/gu, ' '))
  const tree = new TermTree([...distinct], ignoresCase)
  const filters = filtersOf(distinct)
  return {
    size: distinct.size,
    scan: (text, isOver, onPlace) => {
      const walk = new TermWalk(tree)
      let hash = 0
      /** Where the last term ends. */
      let done = 0
      for (let start = 0; start < text.length; start += SLICE) {
        if (start > 0 && isOver()) return
        const limit = fillWindow(text, start)
        const offset = start - BEHIND
        walk.begin(limit)
        const look = (at: number, firstEnd: number, firstHash: number): void => {
          const end = at + offset < done ? 0 : walk.longestAt(at, firstEnd, firstHash)
          if (end === 0) return
          done = end + offset
          onPlace(at + offset, done)
        }
        // A word ends before what stands behind it: the last one of a text before nothing.
        const words = readWords(Math.min(limit + 1, BEHIND + SLICE), hash)
        hash = hashes[words] ?? 0
        const wanted = tree.siftFirst(hashes, ends, sift(words, filters.words))
        const others =
          filters.firsts === null ? 0 : readOthers(Math.min(limit, BEHIND + SLICE), filters.firsts, filters.pairs)
        let other = 0
        const lookAtOthers = (end: number): void => {
          for (; other < others && (begins[other] ?? 0) < end; other += 1) {
            const at = begins[other] ?? 0
            look(at, at + 1, nextHash(0, units[at] ?? 0))
          }
        }
        for (let word = 0; word < wanted; word += 1) {
          const end = ends[word] ?? 0
          lookAtOthers(end)
          look(startOfWord(end), end, hashes[word] ?? 0)
        }
        lookAtOthers(limit)
      }
    },
  }
}

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Puts the words of letters that end before `limit` into `ends` and `hashes`; how many. Behind them the hash so far. */
function readWords(limit: number, before: number): number {
  let hash = before
  let wasLetter = (LETTERS[units[BEHIND - 1] ?? 0] ?? 0) & 1
  let count = 0
  for (let at = BEHIND; at < limit; at += 1) {
    const unit = LETTERS[units[at] ?? 0] ?? 0
    const letter = unit & 1
    // Without a branch: where words end cannot be foretold.
    ends[count] = at
    hashes[count] = hash
    count += wasLetter & ~letter
    hash = Math.imul(hash ^ (unit >>> 1), 0x01000193) & -letter
    wasLetter = letter
  }
  hashes[count] = hash
  return count
}

/** Keeps the words whose hash is in the filter; how many. */
function sift(count: number, { bits, mask }: Filter): number {
  let kept = 0
  for (let word = 0; word < count; word += 1) {
    const hash = hashes[word] ?? 0
    const one = oneSlotOf(hash, mask)
    const other = otherSlotOf(hash, mask)
    ends[kept] = ends[word] ?? 0
    hashes[kept] = hash
    kept += ((bits[one >>> 3] ?? 0) >>> (one & 7)) & ((bits[other >>> 3] ?? 0) >>> (other & 7)) & 1
  }
  return kept
}

/** Puts the other units that may begin a term into `begins`; how many. */
function readOthers(limit: number, firsts: Uint8Array, { bits, mask }: Filter): number {
  let count = 0
  for (let at = BEHIND; at < limit; at += 1) {
    const unit = units[at] ?? 0
    if (firsts[unit] === 0) continue
    const hash = pairHash(unit, units[at + 1] ?? 0)
    const one = oneSlotOf(hash, mask)
    const other = otherSlotOf(hash, mask)
    begins[count] = at
    count += ((bits[one >>> 3] ?? 0) >>> (one & 7)) & ((bits[other >>> 3] ?? 0) >>> (other & 7)) & 1
  }
  return count
}

/** Two bits for each hash that passes; others pass it now and then. */
interface Filter {
  readonly bits: Uint8Array
  readonly mask: number
}

interface Filters {
  /** What terms begin with: words of letters. */
  readonly words: Filter
  /** 1 for each other unit that a term begins with; `null` when there is none. */
  readonly firsts: Uint8Array | null
  /** Such a unit and the one behind it. */
  readonly pairs: Filter
}

function filtersOf(terms: ReadonlySet<string>): Filters {
  const words: number[] = []
  const pairs: number[] = []
  const firsts = new Uint8Array(0x10000)
  for (const term of terms) {
    const unit = term.charCodeAt(0)
    if (isLetter(unit)) words.push(wordHash(term))
    else {
      firsts[unit] = 1
      pairs.push(pairHash(unit, term.charCodeAt(1)))
    }
  }
  return { words: filterOf(words), firsts: pairs.length === 0 ? null : firsts, pairs: filterOf(pairs) }
}

function filterOf(all: readonly number[]): Filter {
  const mask = 2 ** Math.max(12, Math.ceil(Math.log2(all.length * FILTER_BITS + 1))) - 1
  const bits = new Uint8Array((mask + 1) / 8)
  for (const hash of all) {
    for (const slot of [oneSlotOf(hash, mask), otherSlotOf(hash, mask)]) {
      bits[slot >>> 3] = (bits[slot >>> 3] ?? 0) | (1 << (slot & 7))
    }
  }
  return { bits, mask }
}

/** Of the first word. */
function wordHash(term: string): number {
  let hash = 0
  for (let at = 0; at < term.length && isLetter(term.charCodeAt(at)); at += 1) {
    hash = nextHash(hash, lowerUnit(term.charCodeAt(at)))
  }
  return hash
}

const pairHash = (first: number, second: number): number => nextHash(Math.imul(first, 0x9e3779b1), SECONDS[second] ?? 0)

const oneSlotOf = (hash: number, mask: number): number => (hash ^ (hash >>> 15)) & mask
const otherSlotOf = (hash: number, mask: number): number => (Math.imul(hash, 0x9e3779b1) >>> 9) & mask
