/**
 * Finds many keywords in one pass (Aho and Corasick 1975), as a dense table: one look-up per UTF-16 unit whatever the
 * number of keywords. ASCII case is ignored; who needs the case looks again at the hit.
 */

import { CLASS_BITS, createKernel, LANES } from './keyword-kernel.ts'

/** Called with the keyword's number and the end of its occurrence. */
export type KeywordHit = (keyword: number, end: number) => void

/** May the occurrences that begin from `from` to `to` be left out? */
export type IsKnown = (from: number, to: number) => boolean

export interface Automaton {
  /** Calls `onHit` for every occurrence, by end position, longest keyword first; asks `isKnown` per stretch of the text. */
  readonly scan: (text: string, onHit: KeywordHit, isKnown?: IsKnown) => void
}

/** Entries of a row of the table, one per class of character. */
const WIDTH = 1 << CLASS_BITS

interface Trie {
  readonly edges: Map<number, number>[]
  readonly words: number[][]
}

/** Units of a text that are walked in one go: what is found in them fits the second cache. */
const BLOCK = 16_384
/** A shorter text is walked in one lane. */
const LEAST_FOR_LANES = 1024

/** `keywords` are looked for without regard to ASCII case; an empty one is never found. */
export function buildAutomaton(keywords: readonly string[]): Automaton {
  const folded = keywords.map((word) => foldAscii(word))
  const { classes, isShared } = characterClasses(folded)
  const { next, outputs, firstAccepting } = acceptingLast(connect(buildTrie(folded, classes)))
  const words = folded.map((word, number) => ({
    number,
    length: word.length,
    toCompare: hasShared(word, isShared) ? word : null,
  }))
  const tellings = outputs.map((numbers) => numbers.flatMap((number) => words[number] ?? []))
  // A lane begins so much earlier that it knows what it would know had it walked all of the text.
  const lead = Math.max(0, ...folded.map((word) => word.length)) - 1
  const kernel = createKernel({ classes, next, firstAccepting, mostUnits: Math.max(0, lead) + BLOCK + LANES })
  const { units, bytes } = kernel
  const nothing = Math.max(0, classes.indexOf(0))

  /** Units `from` to `to` of the text, and those before that a keyword may begin in. */
  function fill(text: string, from: number, to: number): void {
    const before = Math.min(from, lead)
    units.fill(nothing, 0, lead - before)
    bytes.write(text.slice(from - before, to), 2 * (lead - before), 'utf16le')
    units.fill(nothing, lead + to - from, lead + to - from + LANES)
  }

  function tell(text: string, state: number, end: number, onHit: KeywordHit): void {
    const told = tellings[state - firstAccepting]
    if (told === undefined) return
    for (const { number, length, toCompare } of told) {
      if (toCompare === null || isSame(text, end - length, toCompare)) onHit(number, end)
    }
  }

  function scanBlock(text: string, from: number, onHit: KeywordHit): void {
    const to = Math.min(text.length, from + BLOCK)
    const lanes = to - from < LEAST_FOR_LANES ? 1 : LANES
    const stride = Math.ceil((to - from) / lanes)
    fill(text, from, to)
    kernel.walk(lanes, stride, lead + stride)
    for (let lane = 0; lane < lanes; lane += 1) {
      const first = lane * stride + lead
      const hits = kernel.hits(lane)
      for (let index = 0; index < hits; index += 1) {
        const unit = kernel.unitOf(lane, index)
        if (unit >= first) tell(text, kernel.stateOf(lane, index), from + unit - lead + 1, onHit)
      }
    }
  }

  return {
    scan: (text, onHit, isKnown = noneIsKnown) => {
      if (lead < 0) return
      for (let from = 0; from < text.length; from += BLOCK) {
        if (!isKnown(Math.max(0, from - lead), from + BLOCK)) scanBlock(text, from, onHit)
      }
    },
  }
}

const noneIsKnown: IsKnown = () => false

/** Does `word`, in small letters, stand at `start`? */
function isSame(text: string, start: number, word: string): boolean {
  for (let at = 0; at < word.length; at += 1) {
    const code = text.charCodeAt(start + at)
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
    if (folded !== word.charCodeAt(at)) return false
  }
  return true
}

function foldAscii(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Classes that characters of keywords have alone; the others share the rest. 0 is for those of no keyword. */
const OWN_CLASSES = 56
const SHARED_CLASSES = WIDTH - 1 - OWN_CLASSES

interface CharacterClasses {
  /** By UTF-16 unit, upper case as lower. */
  readonly classes: Uint8Array
  /** Stands for another unit too, so that a keyword with it must be compared. */
  readonly isShared: (unit: number) => boolean
}

/** ASCII first: a row of the table has room for few, and hardly any keyword has other characters. */
function characterClasses(words: readonly string[]): CharacterClasses {
  const found = [...new Set(words.flatMap((word) => unitsOf(word)))].sort((a, b) => a - b)
  const classes = new Uint8Array(0x10000)
  for (const [index, unit] of found.entries()) {
    classes[unit] = index < OWN_CLASSES ? index + 1 : OWN_CLASSES + 1 + (index % SHARED_CLASSES)
  }
  for (let code = 0x41; code <= 0x5a; code += 1) classes[code] = classes[code + 0x20] ?? 0
  return { classes, isShared: (unit) => (classes[unit] ?? 0) > OWN_CLASSES }
}

const unitsOf = (word: string): number[] => Array.from({ length: word.length }, (_, at) => word.charCodeAt(at))
const hasShared = (word: string, isShared: (unit: number) => boolean): boolean =>
  unitsOf(word).some((unit) => isShared(unit))

function buildTrie(words: readonly string[], classes: Uint8Array): Trie {
  const trie: Trie = { edges: [new Map<number, number>()], words: [[]] }
  for (const [number, word] of words.entries()) {
    if (word === '') continue
    let state = 0
    for (let at = 0; at < word.length; at += 1) {
      const symbol = classes[word.charCodeAt(at)] ?? 0
      const known = trie.edges[state]?.get(symbol)
      const target = known ?? trie.edges.length
      if (known === undefined) {
        trie.edges[state]?.set(symbol, target)
        trie.edges.push(new Map())
        trie.words.push([])
      }
      state = target
    }
    trie.words[state]?.push(number)
  }
  return trie
}

interface Connected {
  /** Row after row, `WIDTH` entries each. */
  readonly table: Uint32Array
  readonly words: readonly (readonly number[])[]
  /** The states, breadth first. */
  readonly order: readonly number[]
}

/** Fills every missing edge with that of the longest proper suffix, breadth first. */
function connect(trie: Trie): Connected {
  const table = new Uint32Array(trie.edges.length * WIDTH)
  const suffix = new Uint32Array(trie.edges.length)
  const words = trie.words.map((own) => [...own])
  const order = [0]
  for (const state of order) {
    const back = suffix[state] ?? 0
    if (state !== 0) {
      words[state]?.push(...(words[back] ?? []))
      table.copyWithin(state * WIDTH, back * WIDTH, (back + 1) * WIDTH)
    }
    for (const [symbol, child] of trie.edges[state] ?? []) {
      suffix[child] = table[state * WIDTH + symbol] ?? 0
      table[state * WIDTH + symbol] = child
      order.push(child)
    }
  }
  return { table, words, order }
}

interface Ordered {
  readonly next: Uint32Array
  /** By state from `firstAccepting` on: the keywords that end there. */
  readonly outputs: readonly (readonly number[])[]
  readonly firstAccepting: number
}

/**
 * Renumbers the states so that one comparison tells whether a keyword ends here, and those that are entered most lie
 * together.
 */
function acceptingLast({ table, words, order: byDepth }: Connected): Ordered {
  const plain = byDepth.filter((state) => words[state]?.length === 0)
  const accepting = byDepth.filter((state) => words[state]?.length !== 0)
  const order = [...plain, ...accepting]
  const rank = new Uint32Array(order.length)
  for (const [index, state] of order.entries()) rank[state] = index
  const next = new Uint32Array(table.length)
  for (const [index, state] of order.entries()) {
    for (let symbol = 0; symbol < WIDTH; symbol += 1) {
      next[index * WIDTH + symbol] = rank[table[state * WIDTH + symbol] ?? 0] ?? 0
    }
  }
  return { next, outputs: accepting.map((state) => words[state] ?? []), firstAccepting: plain.length }
}
