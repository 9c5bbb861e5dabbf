/**
 * Reads the small part of JavaScript's regex syntax that catalogue files may use into a tree, so that
 * `linear-regex.ts` can prove that matching is linear. What is not understood is refused, never guessed.
 */

/** A set of characters: bit n = character code n below 128, bit 128 = every other character. */
export type CharSet = bigint

export type RegexNode =
  | { readonly kind: 'chars'; readonly set: CharSet; readonly literal: string | null }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'boundary' }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'either'; readonly branches: readonly RegexNode[] }
  | { readonly kind: 'group'; readonly name: string | null; readonly body: RegexNode }
  | { readonly kind: 'repeat'; readonly min: number; readonly max: number; readonly body: RegexNode }

export type RegexTree =
  | { readonly ok: true; readonly tree: RegexNode }
  | { readonly ok: false; readonly problem: string }

const OTHER = 1n << 128n
const ALL: CharSet = (1n << 129n) - 1n
const bit = (code: number): CharSet => (code < 128 ? 1n << BigInt(code) : OTHER)

function range(from: number, to: number): CharSet {
  let set = 0n
  for (let code = from; code <= Math.min(to, 127); code += 1) set |= bit(code)
  return to > 127 ? set | OTHER : set
}

const DIGITS = range(48, 57)
const WORDS = DIGITS | range(65, 90) | range(97, 122) | bit(95)
const SPACES = range(9, 13) | bit(32) | OTHER
const DOT = ALL & ~(bit(10) | bit(13))
const CLASSES: Readonly<Record<string, CharSet>> = {
  d: DIGITS,
  D: ALL & ~DIGITS,
  w: WORDS,
  W: (ALL & ~WORDS) | OTHER,
  s: SPACES,
  S: (ALL & ~SPACES) | OTHER,
}
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 }

class Refused extends Error {}

/** One pass over the source; every method consumes what it names. */
class Reader {
  private at = 0
  private readonly source: string

  constructor(source: string) {
    this.source = source
  }

  whole(): RegexNode {
    const tree = this.either()
    if (this.at < this.source.length) throw new Refused(`unexpected \`${this.peek()}\` at ${this.at}`)
    return tree
  }

  private peek(): string {
    return this.source[this.at] ?? ''
  }

  private take(): string {
    const char = this.peek()
    if (char === '') throw new Refused('the pattern ends too early')
    this.at += 1
    return char
  }

  private takeIf(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }

  private either(): RegexNode {
    const branches = [this.sequence()]
    while (this.takeIf('|')) branches.push(this.sequence())
    const only = branches.length === 1 ? branches[0] : undefined
    return only ?? { kind: 'either', branches }
  }

  private sequence(): RegexNode {
    const items: RegexNode[] = []
    while (this.peek() !== '' && this.peek() !== '|' && this.peek() !== ')') items.push(this.repeated())
    return { kind: 'sequence', items }
  }

  private repeated(): RegexNode {
    const body = this.atom()
    const bounds = this.bounds()
    if (bounds === null) return body
    if (body.kind === 'start' || body.kind === 'end' || body.kind === 'boundary')
      throw new Refused('an anchor is repeated')
    if (this.takeIf('?')) return this.noSecond({ kind: 'repeat', ...bounds, body })
    return this.noSecond({ kind: 'repeat', ...bounds, body })
  }

  private noSecond(node: RegexNode): RegexNode {
    if (/[*+?{]/u.test(this.peek())) throw new Refused('nested quantifiers are refused')
    return node
  }

  private bounds(): { min: number; max: number } | null {
    if (this.takeIf('*')) return { min: 0, max: Infinity }
    if (this.takeIf('+')) return { min: 1, max: Infinity }
    if (this.takeIf('?')) return { min: 0, max: 1 }
    if (!this.takeIf('{')) return null
    const match = /^(\d{1,3})(?:(,)(\d{1,3})?)?\}/u.exec(this.source.slice(this.at))
    if (match === null) throw new Refused('`{` must be a count such as `{2}` or be escaped')
    this.at += match[0].length
    const min = Number(match[1])
    const max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3])
    if (max < min || max === 0) throw new Refused('a count is empty')
    return { min, max }
  }

  private atom(): RegexNode {
    const char = this.take()
    switch (char) {
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '.':
        return { kind: 'chars', set: DOT, literal: null }
      case '(':
        return this.group()
      case '[':
        return this.charClass()
      case '\\':
        return this.escape()
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        throw new Refused(`\`${char}\` has nothing before it, escape it`)
      default:
        return literal(char)
    }
  }

  private group(): RegexNode {
    let name: string | null = null
    if (this.takeIf('?')) {
      if (this.peek() === '=' || this.peek() === '!' || this.takeIf('<=') || this.takeIf('<!'))
        throw new Refused('lookaround is refused')
      if (this.takeIf('<')) {
        const match = /^([a-z]{1,20})>/u.exec(this.source.slice(this.at))
        if (match === null) throw new Refused('a group has no valid name')
        this.at += match[0].length
        name = match[1] ?? null
      } else if (!this.takeIf(':')) throw new Refused('regex modifiers are refused')
    }
    const body = this.either()
    if (!this.takeIf(')')) throw new Refused('a group is not closed')
    return { kind: 'group', name, body }
  }

  private escape(): RegexNode {
    const char = this.take()
    const set = CLASSES[char]
    if (set !== undefined) return { kind: 'chars', set, literal: null }
    if (char === 'b') return { kind: 'boundary' }
    if (/[1-9k]/u.test(char)) throw new Refused('backreferences are refused')
    return literal(escapedChar(char))
  }

  private charClass(): RegexNode {
    const isNegated = this.takeIf('^')
    let set: CharSet = 0n
    while (!this.takeIf(']')) set |= this.classItem()
    if (set === 0n) throw new Refused('a character class is empty')
    return { kind: 'chars', set: isNegated ? (ALL & ~set) | OTHER : set, literal: null }
  }

  private classItem(): CharSet {
    const from = this.classChar()
    if (typeof from === 'bigint') return from
    if (this.peek() !== '-' || this.source[this.at + 1] === ']') return bit(from)
    this.take()
    const to = this.classChar()
    if (typeof to === 'bigint' || to < from) throw new Refused('a range in a character class is not valid')
    return range(from, to)
  }

  private classChar(): number | CharSet {
    const char = this.take()
    if (char !== '\\') return char.charCodeAt(0)
    const escaped = this.take()
    return CLASSES[escaped] ?? escapedChar(escaped).charCodeAt(0)
  }
}

const literal = (char: string): RegexNode => ({ kind: 'chars', set: bit(char.charCodeAt(0)), literal: char })

function escapedChar(char: string): string {
  const control = CONTROL[char]
  if (control !== undefined) return String.fromCharCode(control)
  if (/[A-Za-z0-9]/u.test(char)) throw new Refused(`escape \`\\${char}\` is not supported`)
  return char
}

/** Parse a regex source (without slashes). Lookaround, backreferences, modifiers and doubled quantifiers are refused. */
export function parseRegex(source: string): RegexTree {
  try {
    return { ok: true, tree: new Reader(source).whole() }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.message }
    throw error
  }
}
