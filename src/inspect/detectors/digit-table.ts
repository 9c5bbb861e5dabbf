/**
 * Expressions over decimal digits as one table that is walked digit by digit, all of them at once: what a numbering plan
 * says of a number costs a look per digit, and no text is made. States are made when they are first come to.
 */
import { type CharacterSet, type PatternNode, parsePattern } from '../pattern-syntax.ts'

/**
 * What an expression is for: to match all of the digits, how they begin, or (`passed`) to say that something other than the
 * table has to judge as soon as it matches a beginning that is not empty.
 */
export interface DigitPattern {
  readonly source: string
  readonly use: 'whole' | 'beginning' | 'passed'
}

/** Says of the patterns that match, by number, whether these `length` digits count. */
export type Judge = (matching: ReadonlySet<number>, length: number) => boolean

/** What a walk says: it does not count, it does, a `passed` pattern matched. */
export const [NO, YES, PASSED] = [0, 1, 2]

/** Longer numbers do not count. */
const MOST_DIGITS = 20
/** Above this they are made anew: the plans in use need a tenth. */
const MOST_STATES = 16_384
const RADIX = 10
const ANY = 0x3ff
const UNKNOWN = -1

/** One step of an expression: takes one of `digits` to get to `then`; or nothing, to get to any of `either`. */
interface Step {
  readonly digits: number
  then: Step | null
  readonly either: readonly Step[]
  /** The number of the pattern that ends here; -1: none. */
  readonly ends: number
  readonly id: number
}

export class DigitTable {
  readonly #first: readonly Step[]
  readonly #patterns: readonly DigitPattern[]
  readonly #judge: Judge
  /** Ten per state. */
  #next: number[] = []
  #verdicts: number[] = []
  #lengths: number[] = []
  #steps: (readonly Step[])[] = []
  readonly #states = new Map<string, number>()

  private constructor(patterns: readonly DigitPattern[], first: readonly Step[], judge: Judge) {
    this.#patterns = patterns
    this.#first = first
    this.#judge = judge
    this.#clear()
  }

  /** `null`: an expression asserts something, which no table does. In `passed` ones, assertions are taken to hold. */
  static of(patterns: readonly DigitPattern[], judge: Judge): DigitTable | null {
    const maker = new StepMaker()
    const first: Step[] = []
    for (const [number, { source, use }] of patterns.entries()) {
      const parsed = parsePattern(source, false)
      if (!parsed.ok || (use !== 'passed' && asserts(parsed.node))) return null
      first.push(maker.before(parsed.node, use === 'beginning' ? maker.endless(number) : maker.end(number)))
    }
    return new DigitTable(patterns, first, judge)
  }

  /** Of the digits (0 to 9) that stand in `digits` from `from` to `to`. */
  walk(digits: Uint8Array, from: number, to: number): number {
    if (to - from > MOST_DIGITS) return NO
    let state = 0
    for (let at = from; at < to; at += 1) {
      const digit = digits[at] ?? 0
      const known = this.#next[state * RADIX + digit] ?? UNKNOWN
      state = known === UNKNOWN ? this.#make(state, digit) : known
      if (state === UNKNOWN) return this.walk(digits, from, to)
      if (this.#verdicts[state] === PASSED) return PASSED
    }
    return this.#verdicts[state] ?? NO
  }

  #clear(): void {
    this.#next = []
    this.#verdicts = []
    this.#lengths = []
    this.#steps = []
    this.#states.clear()
    this.#add(withoutStops(this.#first), 0)
  }

  /** -1: there were too many, and all of them are forgotten. */
  #make(from: number, digit: number): number {
    const steps: Step[] = []
    for (const { digits, then } of this.#steps[from] ?? []) {
      if (then !== null && (digits & (1 << digit)) !== 0) steps.push(then)
    }
    const reached = withoutStops(steps)
    const length = (this.#lengths[from] ?? 0) + 1
    const key = `${length}:${reached.map(({ id }) => id).join(',')}`
    let state = this.#states.get(key)
    if (state === undefined) {
      if (this.#verdicts.length >= MOST_STATES) {
        this.#clear()
        return UNKNOWN
      }
      state = this.#add(reached, length)
      this.#states.set(key, state)
    }
    this.#next[from * RADIX + digit] = state
    return state
  }

  #add(steps: readonly Step[], length: number): number {
    const matching = new Set(steps.flatMap(({ ends }) => (ends >= 0 ? [ends] : [])))
    const isPassed = length > 0 && [...matching].some((number) => this.#patterns[number]?.use === 'passed')
    this.#verdicts.push(isPassed ? PASSED : this.#judge(matching, length) ? YES : NO)
    this.#lengths.push(length)
    this.#steps.push(steps)
    for (let digit = 0; digit < RADIX; digit += 1) this.#next.push(UNKNOWN)
    return this.#verdicts.length - 1
  }
}

/** The steps that take a digit or end something, each once, in their order. */
function withoutStops(from: readonly Step[]): Step[] {
  const seen = new Set<Step>()
  const pending = [...from]
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    if (seen.has(step)) continue
    seen.add(step)
    pending.push(...step.either)
  }
  return [...seen].filter(({ digits, ends }) => digits !== 0 || ends >= 0).sort((a, b) => a.id - b.id)
}

/** Makes the steps of expressions from their end to their beginning. */
class StepMaker {
  #made = 0

  end(number: number): Step {
    return this.#step({ ends: number })
  }

  /** Whatever follows. */
  endless(number: number): Step {
    const step = this.#step({ ends: number, digits: ANY })
    step.then = step
    return step
  }

  /** The step that begins `node` and goes on at `then`. */
  before(node: PatternNode, then: Step): Step {
    switch (node.kind) {
      case 'characters':
        return this.#step({ digits: digitsIn(node.set), then })
      case 'assertion':
        return then
      case 'sequence':
        return node.items.reduceRight((next, item) => this.before(item, next), then)
      case 'choice':
        return this.#step({ either: node.options.map((option) => this.before(option, then)) })
      case 'repeat':
        return this.#repeated(node, then)
    }
  }

  #repeated({ item, min, max }: Extract<PatternNode, { kind: 'repeat' }>, then: Step): Step {
    let next = then
    const most = Math.min(max, MOST_DIGITS)
    for (let count = most; count > min; count -= 1) next = this.#step({ either: [this.before(item, next), then] })
    for (let count = Math.min(min, most); count > 0; count -= 1) next = this.before(item, next)
    return next
  }

  #step(parts: Partial<Step>): Step {
    this.#made += 1
    return { digits: 0, then: null, either: [], ends: -1, ...parts, id: this.#made }
  }
}

function digitsIn(set: CharacterSet): number {
  return Number((set >> 0x30n) & BigInt(ANY))
}

function asserts(node: PatternNode): boolean {
  switch (node.kind) {
    case 'characters':
      return false
    case 'assertion':
      return true
    case 'sequence':
      return node.items.some(asserts)
    case 'choice':
      return node.options.some(asserts)
    case 'repeat':
      return asserts(node.item)
  }
}
