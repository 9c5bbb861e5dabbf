/**
 * Refuses patterns that could be slow on hostile text. A backtracking matcher takes more than linear time only when the
 * pattern can match one text in many ways; that is decided on the position automaton of the pattern (Glushkov), after
 * Weideman et al. 2016. Repetition counts are ignored, so the answer errs on the safe side.
 */
import { type CharacterSet, type PatternNode, parsePattern } from './pattern-syntax.ts'
import { hasCrossedLoops, hasForkedLoop } from './position-paths.ts'

export type PatternCheck =
  | { readonly ok: true; readonly maxLength: number }
  | { readonly ok: false; readonly problem: string }

interface Connected {
  readonly sets: CharacterSet[]
  readonly follow: Set<number>[]
  /** One step comes about in two ways, as in `(a+)+`: the sets alone would not show it. */
  isDoubled: boolean
}

interface Ends {
  readonly first: readonly number[]
  readonly last: readonly number[]
  readonly isNullable: boolean
}

/** Longest text that may be matched twice over (two loops side by side); their product bounds the work per try. */
const SMALL_LOOP = 64

/** Checks one pattern that `RegExp` has accepted; `maxLength` is the longest text it can match. */
export function checkPattern(source: string, ignoreCase: boolean): PatternCheck {
  const parsed = parsePattern(source, ignoreCase)
  if (!parsed.ok) return parsed
  const maxLength = longest(parsed.node)
  if (maxLength === Infinity)
    return { ok: false, problem: 'unbounded repetition: give `+`, `*` and `{n,}` an upper limit' }
  for (const part of [parsed.node, ...assertionsIn(parsed.node)]) {
    const problem = ambiguityOf(part)
    if (problem !== null) return { ok: false, problem }
  }
  return { ok: true, maxLength }
}

function longest(node: PatternNode): number {
  switch (node.kind) {
    case 'characters':
      return 1
    case 'assertion':
      return node.inside === null || longest(node.inside) < Infinity ? 0 : Infinity
    case 'sequence':
      return node.items.reduce((sum, item) => sum + longest(item), 0)
    case 'choice':
      return Math.max(0, ...node.options.map(longest))
    case 'repeat': {
      const item = longest(node.item)
      return item === 0 ? 0 : item * node.max
    }
  }
}

function assertionsIn(node: PatternNode): PatternNode[] {
  switch (node.kind) {
    case 'characters':
      return []
    case 'assertion':
      return node.inside === null ? [] : [node.inside, ...assertionsIn(node.inside)]
    case 'sequence':
      return node.items.flatMap(assertionsIn)
    case 'choice':
      return node.options.flatMap(assertionsIn)
    case 'repeat':
      return assertionsIn(node.item)
  }
}

function ambiguityOf(node: PatternNode): string | null {
  const all: Connected = { sets: [], follow: [], isDoubled: false }
  connect(node, all, 1)
  if (all.isDoubled || hasForkedLoop(all)) {
    return 'super-linear backtracking: a repetition can match the same text in two ways'
  }
  const large: Connected = { sets: [], follow: [], isDoubled: false }
  connect(node, large, SMALL_LOOP)
  return hasCrossedLoops(large) ? 'super-linear backtracking: two long repetitions can share the same text' : null
}

/** Builds follow sets; a repetition of at most `ignored` times makes no loop. */
function connect(node: PatternNode, positions: Connected, ignored: number): Ends {
  switch (node.kind) {
    case 'characters':
      positions.sets.push(node.set)
      positions.follow.push(new Set())
      return { first: [positions.sets.length - 1], last: [positions.sets.length - 1], isNullable: false }
    case 'assertion':
      return { first: [], last: [], isNullable: true }
    case 'sequence':
      return node.items.reduce<Ends>((ends, item) => chain(ends, connect(item, positions, ignored), positions), {
        first: [],
        last: [],
        isNullable: true,
      })
    case 'choice': {
      const options = node.options.map((option) => connect(option, positions, ignored))
      return {
        first: options.flatMap((option) => option.first),
        last: options.flatMap((option) => option.last),
        isNullable: options.some((option) => option.isNullable),
      }
    }
    case 'repeat': {
      const item = connect(node.item, positions, ignored)
      if (node.max > ignored && node.max > node.min) link(item.last, item.first, positions)
      return { ...item, isNullable: item.isNullable || node.min === 0 }
    }
  }
}

function chain(left: Ends, right: Ends, positions: Connected): Ends {
  link(left.last, right.first, positions)
  return {
    first: left.isNullable ? [...left.first, ...right.first] : left.first,
    last: right.isNullable ? [...left.last, ...right.last] : right.last,
    isNullable: left.isNullable && right.isNullable,
  }
}

function link(from: readonly number[], to: readonly number[], positions: Connected): void {
  for (const position of from) {
    for (const next of to) {
      if (positions.follow[position]?.has(next) === true) positions.isDoubled = true
      positions.follow[position]?.add(next)
    }
  }
}
