/**
 * Finds many keywords in one pass (Aho and Corasick 1975), as a dense table: one look-up per UTF-16 unit whatever the
 * number of keywords. ASCII case is ignored; who needs the case looks again at the hit.
 */

/** Called with the keyword's number and the end of its occurrence. */
export type KeywordHit = (keyword: number, end: number) => void

export interface Automaton {
  /** Calls `onHit` for every occurrence, by end position, longest keyword first. */
  readonly scan: (text: string, onHit: KeywordHit) => void
}

interface Trie {
  readonly edges: Map<number, number>[]
  readonly words: number[][]
}

/** `keywords` are looked for without regard to ASCII case; an empty one is never found. */
export function buildAutomaton(keywords: readonly string[]): Automaton {
  const folded = keywords.map((word) => foldAscii(word))
  const classes = characterClasses(folded)
  const width = Math.max(1, ...classes) + 1
  const trie = buildTrie(folded, classes)
  const { next, outputs, firstAccepting } = acceptingLast(connect(trie, width), width)
  return {
    scan: (text, onHit) => {
      let state = 0
      for (let at = 0; at < text.length; at += 1) {
        state = next[state + (classes[text.charCodeAt(at)] ?? 0)] ?? 0
        if (state >= firstAccepting) {
          for (const word of outputs[state / width] ?? []) onHit(word, at + 1)
        }
      }
    },
  }
}

function foldAscii(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** A small number per unit that occurs in a keyword, upper case as lower; 0 for all others. */
function characterClasses(words: readonly string[]): Uint8Array {
  const classes = new Uint8Array(0x10000)
  let count = 0
  for (const code of words.flatMap((word) => [...Array(word.length).keys()].map((at) => word.charCodeAt(at)))) {
    if (classes[code] === 0) classes[code] = count < 255 ? (count += 1) : 255
  }
  for (let code = 0x41; code <= 0x5a; code += 1) classes[code] = classes[code + 0x20] ?? 0
  return classes
}

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
  readonly table: Int32Array
  readonly words: readonly (readonly number[])[]
  /** The states, breadth first. */
  readonly order: readonly number[]
}

/** Fills every missing edge with that of the longest proper suffix, breadth first. */
function connect(trie: Trie, width: number): Connected {
  const table = new Int32Array(trie.edges.length * width)
  const suffix = new Int32Array(trie.edges.length)
  const words = trie.words.map((own) => [...own])
  const order = [0]
  for (const state of order) {
    const back = suffix[state] ?? 0
    if (state !== 0) words[state]?.push(...(words[back] ?? []))
    for (let symbol = 0; symbol < width; symbol += 1) {
      const inherited = state === 0 ? 0 : (table[back * width + symbol] ?? 0)
      const child = trie.edges[state]?.get(symbol)
      table[state * width + symbol] = child ?? inherited
      if (child === undefined) continue
      suffix[child] = inherited
      order.push(child)
    }
  }
  return { table, words, order }
}

/**
 * Renumbers the states so that one comparison tells whether a keyword ends here, and those that are entered most lie
 * together; entries become row offsets.
 */
function acceptingLast(
  { table, words, order: byDepth }: Connected,
  width: number,
): { readonly next: Int32Array; readonly outputs: readonly (readonly number[])[]; readonly firstAccepting: number } {
  const plain = byDepth.filter((state) => words[state]?.length === 0)
  const order = [...plain, ...byDepth.filter((state) => words[state]?.length !== 0)]
  const rank = new Int32Array(order.length)
  for (const [index, state] of order.entries()) rank[state] = index
  const next = new Int32Array(table.length)
  for (const [index, state] of order.entries()) {
    for (let symbol = 0; symbol < width; symbol += 1) {
      next[index * width + symbol] = (rank[table[state * width + symbol] ?? 0] ?? 0) * width
    }
  }
  return { next, outputs: order.map((state) => words[state] ?? []), firstAccepting: plain.length * width }
}
