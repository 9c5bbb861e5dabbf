/** Reads the subset of regular expressions that detector rules may use, into a tree that can be reasoned about. */

/** Which ASCII characters; bit 128 stands for every other character. */
export type CharacterSet = bigint

export type PatternNode =
  | { readonly kind: 'characters'; readonly set: CharacterSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }
  /** A look-around or an assertion: takes no characters. `inside` is `null` for `^`, `$` and `\b`. */
  | { readonly kind: 'assertion'; readonly inside: PatternNode | null }

export type ParsedPattern =
  | { readonly ok: true; readonly node: PatternNode }
  | { readonly ok: false; readonly problem: string }

const ALL: CharacterSet = (1n << 129n) - 1n
const NEWLINE: CharacterSet = 1n << 10n
const range = (from: number, to: number): CharacterSet => ((1n << BigInt(to - from + 1)) - 1n) << BigInt(from)
const single = (code: number): CharacterSet => (code < 128 ? 1n << BigInt(code) : 1n << 128n)
const DIGITS = range(0x30, 0x39)
const WORD = DIGITS | range(0x41, 0x5a) | range(0x61, 0x7a) | single(0x5f)
const SPACES = range(9, 13) | single(0x20) | (1n << 128n)
const CLASS_ESCAPES: Readonly<Record<string, CharacterSet>> = {
  d: DIGITS,
  D: ALL ^ DIGITS,
  w: WORD,
  W: ALL ^ WORD,
  s: SPACES,
  S: ALL ^ range(9, 13) ^ single(0x20),
}
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 }

class Reader {
  readonly source: string
  readonly ignoreCase: boolean
  at = 0

  constructor(source: string, ignoreCase: boolean) {
    this.source = source
    this.ignoreCase = ignoreCase
  }

  peek(): string {
    return this.source[this.at] ?? ''
  }

  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  fail(problem: string): never {
    throw new SyntaxError(`${problem} at character ${this.at + 1}`)
  }
}

/** Parses a pattern that `RegExp` has accepted; back-references and named groups are refused. */
export function parsePattern(source: string, ignoreCase: boolean): ParsedPattern {
  const reader = new Reader(source, ignoreCase)
  try {
    const node = readChoice(reader)
    if (reader.at < source.length) reader.fail('unbalanced `)`')
    return { ok: true, node }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, problem: error.message }
    throw error
  }
}

function readChoice(reader: Reader): PatternNode {
  const options = [readSequence(reader)]
  while (reader.take('|')) options.push(readSequence(reader))
  return options.length === 1 ? (options[0] ?? { kind: 'sequence', items: [] }) : { kind: 'choice', options }
}

function readSequence(reader: Reader): PatternNode {
  const items: PatternNode[] = []
  while (reader.at < reader.source.length && reader.peek() !== '|' && reader.peek() !== ')') {
    items.push(readQuantified(reader))
  }
  return { kind: 'sequence', items }
}

function readQuantified(reader: Reader): PatternNode {
  const item = readAtom(reader)
  const bounds = readBounds(reader)
  if (bounds === null) return item
  reader.take('?') // a lazy quantifier takes the same characters
  return { kind: 'repeat', item, min: bounds[0], max: bounds[1] }
}

function readBounds(reader: Reader): [min: number, max: number] | null {
  if (reader.take('*')) return [0, Infinity]
  if (reader.take('+')) return [1, Infinity]
  if (reader.take('?')) return [0, 1]
  const counted = /^\{(\d+)(,)?(\d*)\}/.exec(reader.source.slice(reader.at))
  if (counted === null) return null
  reader.at += counted[0].length
  const min = Number(counted[1])
  if (counted[2] === undefined) return [min, min]
  return [min, counted[3] === '' ? Infinity : Number(counted[3])]
}

function readAtom(reader: Reader): PatternNode {
  const letter = reader.peek()
  if (letter === '(') return readGroup(reader)
  if (letter === '[') return { kind: 'characters', set: readClass(reader) }
  reader.at += 1
  if (letter === '^' || letter === '$') return { kind: 'assertion', inside: null }
  if (letter === '.') return { kind: 'characters', set: ALL ^ NEWLINE ^ single(13) }
  if (letter !== '\\') return { kind: 'characters', set: folded(single(letter.charCodeAt(0)), reader.ignoreCase) }
  if (/[bB]/.test(reader.peek())) {
    reader.at += 1
    return { kind: 'assertion', inside: null }
  }
  return { kind: 'characters', set: folded(readEscape(reader), reader.ignoreCase) }
}

function readGroup(reader: Reader): PatternNode {
  reader.at += 1
  const isAssertion = ['?=', '?!', '?<=', '?<!'].some((mark) => reader.take(mark))
  if (!isAssertion && reader.take('?') && !reader.take(':')) reader.fail('only plain groups, `(?:` and look-arounds')
  const inside = readChoice(reader)
  if (!reader.take(')')) reader.fail('`)` missing')
  return isAssertion ? { kind: 'assertion', inside } : inside
}

/** After the backslash. */
function readEscape(reader: Reader): CharacterSet {
  const letter = reader.peek()
  if (/[1-9kpP]/.test(letter)) reader.fail('back-references and Unicode properties are not supported')
  reader.at += 1
  const named = CLASS_ESCAPES[letter]
  if (named !== undefined) return named
  const control = CONTROL_ESCAPES[letter]
  if (control !== undefined) return single(control)
  const length = letter === 'x' ? 2 : letter === 'u' ? 4 : 0
  if (length === 0) return single(letter.charCodeAt(0))
  const digits = reader.source.slice(reader.at, reader.at + length)
  reader.at += length
  return single(Number.parseInt(digits, 16))
}

function readClass(reader: Reader): CharacterSet {
  reader.at += 1
  const isNegated = reader.take('^')
  let set: CharacterSet = 0n
  while (reader.peek() !== ']') {
    if (reader.at >= reader.source.length) reader.fail('`]` missing')
    const low = readClassItem(reader)
    if (reader.peek() === '-' && reader.source[reader.at + 1] !== ']' && isSingle(low)) {
      reader.at += 1
      set |= spanBetween(low, readClassItem(reader))
    } else set |= low
  }
  reader.at += 1
  set = folded(set, reader.ignoreCase)
  return isNegated ? ALL ^ set : set
}

function readClassItem(reader: Reader): CharacterSet {
  if (reader.take('\\')) return readEscape(reader)
  const code = reader.source.charCodeAt(reader.at)
  reader.at += 1
  return single(code)
}

const isSingle = (set: CharacterSet): boolean => (set & (set - 1n)) === 0n

function spanBetween(low: CharacterSet, high: CharacterSet): CharacterSet {
  const span = high >= low ? (high << 1n) - low : low | high
  return high === 1n << 128n ? span & ALL : span
}

function folded(set: CharacterSet, ignoreCase: boolean): CharacterSet {
  if (!ignoreCase) return set
  const upper = set & range(0x41, 0x5a)
  const lower = set & range(0x61, 0x7a)
  return set | (upper << 32n) | (lower >> 32n)
}
