/**
 * Finds the terms of a dictionary, many thousands of them, in one pass: the text is read word by word, and only a word
 * that some term begins with is compared. Whole words only; scripts without spaces between words are looked into at
 * every character.
 */
import type { PlaceTable } from './place-table.ts'

export interface TermTableOptions {
  /** ASCII letters only: other scripts are compared as they stand. */
  readonly ignoresCase: boolean
}

/** Units between two looks at the clock. */
const STRETCH = 65_536

/**
 * Finds the longest term at each place. Terms are as a dictionary file has them; equal ones count once. Every term has at least two units and begins and ends with
 * no white space; white space inside stands for any run of it.
 */
export function buildTermTable(terms: Iterable<string>, { ignoresCase }: TermTableOptions): PlaceTable {
  const fold = ignoresCase ? LOWER_UNIT : SAME_UNIT
  const distinct = new Set<string>()
  for (const term of terms) distinct.add(folded(term, fold).replace(/\s+/gu, ' '))
  const tree = new TermTree(distinct, fold)
  return {
    size: distinct.size,
    scan: (text, isOver, onPlace) => {
      let check = STRETCH
      for (let at = 0; at < text.length; ) {
        if (at >= check) {
          if (isOver()) return
          check = at + STRETCH
        }
        // `wordAt`, written out: this loop is all the time that a dictionary takes.
        const unit = text.charCodeAt(at)
        let end = at + 1
        let hash = nextHash(FIRST_HASH, fold[unit] ?? 0)
        for (let isWord = IS_LETTER[unit] === 1; isWord && end < text.length; ) {
          const next = text.charCodeAt(end)
          isWord = IS_LETTER[next] === 1
          if (!isWord) break
          hash = nextHash(hash, fold[next] ?? 0)
          end += 1
        }
        const found = tree.mayBegin(hash) ? tree.longestAt(text, at, { end, hash }) : 0
        if (found > 0) onPlace(at, found)
        at = found > end ? found : end
      }
    },
  }
}

const FIRST_HASH = 0x811c9dc5
/** FNV-1a. */
const nextHash = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)

/** What a unit is compared as. */
type Fold = Uint16Array
const SAME_UNIT: Fold = Uint16Array.from({ length: 0x10000 }, (_, unit) => unit)
const LOWER_UNIT: Fold = SAME_UNIT.map((unit) => (unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit))

/** 1 for what is written in words with spaces between: ASCII letters, digits, `_`, and Latin, Greek and Cyrillic. */
const IS_LETTER = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  /\w/.test(String.fromCharCode(unit)) || (unit >= 0xc0 && unit <= 0x52f && unit !== 0xd7 && unit !== 0xf7) ? 1 : 0,
)
const isLetter = (text: string, at: number): boolean => IS_LETTER[text.charCodeAt(at)] === 1

const folded = (text: string, fold: Fold): string => {
  let all = ''
  for (let at = 0; at < text.length; at += 1) all += String.fromCharCode(fold[text.charCodeAt(at)] ?? 0)
  return all
}

interface Word {
  readonly end: number
  readonly hash: number
}

/** The word that begins at `at`: letters in one piece, everything else unit by unit. */
function wordAt(text: string, at: number, fold: Fold): Word {
  let hash = nextHash(FIRST_HASH, fold[text.charCodeAt(at)] ?? 0)
  let end = at + 1
  while (isLetter(text, end - 1) && isLetter(text, end)) {
    hash = nextHash(hash, fold[text.charCodeAt(end)] ?? 0)
    end += 1
  }
  return { end, hash }
}

/** What may follow a beginning that some terms share, by the hash of the next word. */
interface Branch {
  readonly next: Map<number, Branch>
  /** A term ends here. */
  term: string | null
}

/**
 * Terms word by word, so that a text of one word over and over costs no more when many terms begin with it. One look
 * into a table settles nearly every word of a text.
 */
class TermTree {
  readonly #root: Branch = { next: new Map(), term: null }
  /** One bit per slot: small enough for the processor's cache. */
  readonly #begins: Uint32Array
  readonly #mask: number
  readonly #fold: Fold

  constructor(terms: ReadonlySet<string>, fold: Fold) {
    this.#fold = fold
    for (const term of terms) this.#add(term)
    this.#mask = (1 << Math.max(12, Math.ceil(Math.log2(this.#root.next.size * 16)))) - 1
    this.#begins = new Uint32Array((this.#mask + 1) >>> 5)
    for (const hash of this.#root.next.keys()) {
      const slot = this.#slotOf(hash)
      this.#begins[slot >>> 5] = (this.#begins[slot >>> 5] ?? 0) | (1 << (slot & 31))
    }
  }

  /** Rarely `true` for a word that no term begins with. */
  mayBegin(hash: number): boolean {
    const slot = this.#slotOf(hash)
    return (((this.#begins[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1
  }

  /** Where the longest term that begins with `word`, at `start`, ends; 0 when none does. */
  longestAt(text: string, start: number, word: Word): number {
    let branch = this.#root.next.get(word.hash)
    let { end } = word
    let found = 0
    while (branch !== undefined) {
      if (branch.term !== null && isWritten(branch.term, text.slice(start, end), this.#fold)) found = end
      if (branch.next.size === 0) return found
      const next = nextWord(text, end, this.#fold)
      branch = branch.next.get(next.hash)
      end = next.end
    }
    return found
  }

  #add(term: string): void {
    let branch = this.#root
    for (let at = 0; at < term.length; ) {
      const { end, hash } = nextWord(term, at, SAME_UNIT)
      const next = branch.next.get(hash) ?? { next: new Map<number, Branch>(), term: null }
      branch.next.set(hash, next)
      branch = next
      at = end
    }
    branch.term = term
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask
  }
}

/** The word or the run of white space at `at`; at the end of the text something that no term has. */
function nextWord(text: string, at: number, fold: Fold): Word {
  let end = at
  while (end - at < MAX_SPACE && /\s/u.test(text.charAt(end))) end += 1
  if (end > at) return { end, hash: SPACE_HASH }
  return at >= text.length ? { end: at, hash: 0 } : wordAt(text, at, fold)
}

/** A line break inside a term is no reason to miss it; a page of blanks is. */
const MAX_SPACE = 32
const SPACE_HASH = 0x20

/** Hashes only led here. */
const isWritten = (term: string, text: string, fold: Fold): boolean => folded(text, fold).replace(/\s+/gu, ' ') === term
