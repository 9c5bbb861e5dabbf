/**
 * Questions about the position automaton of a pattern: can one text lead along two ways? Tokens that move at once, each
 * to a follower, over characters that all of them take. Only positions that lead back to themselves are walked.
 */
import type { CharacterSet } from './pattern-syntax.ts'

/** A pattern as positions that take characters; `follow` holds the positions that may come next. */
export interface Positions {
  readonly sets: readonly CharacterSet[]
  readonly follow: readonly ReadonlySet<number>[]
}

/** Ways between positions that some character can take, and which positions are on a loop together. */
interface Ways {
  readonly sets: readonly CharacterSet[]
  readonly next: readonly (readonly number[])[]
  readonly previous: readonly (readonly number[])[]
  /** All that come from a position and back to it; empty where nothing comes back. */
  readonly loopOf: readonly ReadonlySet<number>[]
}

const NOTHING: ReadonlySet<number> = new Set()

function waysOf({ sets, follow }: Positions): Ways {
  const next = follow.map((targets) => [...targets].filter((target) => sets[target] !== 0n))
  const previous = next.map((): number[] => [])
  for (const [from, targets] of next.entries()) for (const target of targets) previous[target]?.push(from)
  const loopOf: ReadonlySet<number>[] = next.map(() => NOTHING)
  for (const position of next.keys()) {
    if (loopOf[position] !== NOTHING) continue
    const behind = reached(position, next)
    if (!behind.has(position)) continue
    const before = reached(position, previous)
    const loop = new Set([...behind].filter((each) => before.has(each)))
    for (const member of loop) loopOf[member] = loop
  }
  return { sets, next, previous, loopOf }
}

/** Everything one or more steps away. */
function reached(from: number, steps: readonly (readonly number[])[]): Set<number> {
  const seen = new Set<number>()
  const queue = [from]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const target of steps[at] ?? []) {
      if (seen.has(target)) continue
      seen.add(target)
      queue.push(target)
    }
  }
  return seen
}

/** Is there a position that comes back to itself along two different ways over one text? (exponential) */
export function hasForkedLoop(positions: Positions): boolean {
  const ways = waysOf(positions)
  return ways.loopOf.some((loop, start) => loop.size > 1 && isForked(start, loop, ways))
}

function isForked(start: number, loop: ReadonlySet<number>, ways: Ways): boolean {
  const from = pairsReached(start, loop, ways, ways.next)
  const back = pairsReached(start, loop, ways, ways.previous)
  const count = ways.sets.length
  return [...from].some((pair) => Math.floor(pair / count) !== pair % count && back.has(pair))
}

/** Pairs that two tokens come to from `start` inside its loop, as `a * count + b`. */
function pairsReached(
  start: number,
  loop: ReadonlySet<number>,
  { sets }: Ways,
  steps: Ways['next'],
): ReadonlySet<number> {
  const count = sets.length
  const seen = new Set<number>()
  const queue = [start * count + start]
  for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
    for (const a of steps[Math.floor(pair / count)] ?? []) {
      if (!loop.has(a)) continue
      for (const b of steps[pair % count] ?? []) {
        const target = a * count + b
        if (!loop.has(b) || seen.has(target) || ((sets[a] ?? 0n) & (sets[b] ?? 0n)) === 0n) continue
        seen.add(target)
        queue.push(target)
      }
    }
  }
  return seen
}

/** Is there one text that loops at `p`, leads from `p` to `q`, and loops at `q`? (quadratic and worse) */
export function hasCrossedLoops(positions: Positions): boolean {
  const ways = waysOf(positions)
  const looping = [...ways.loopOf.keys()].filter((position) => ways.loopOf[position] !== NOTHING)
  return looping.some((p) => {
    const behind = reached(p, ways.next)
    return looping.some((q) => p !== q && behind.has(q) && isCrossed(p, q, ways))
  })
}

/** The first token stays in the loop of `p`, the last in that of `q`; the one between them goes over. */
function isCrossed(p: number, q: number, ways: Ways): boolean {
  const seen = new Set<string>()
  const queue: Three[] = [[p, p, q]]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const target of threeSteps(state, ways)) {
      if (target[0] === p && target[1] === q && target[2] === q) return true
      if (seen.has(target.join())) continue
      seen.add(target.join())
      queue.push(target)
    }
  }
  return false
}

type Three = readonly [first: number, between: number, last: number]

function threeSteps([first, between, last]: Three, { sets, next, loopOf }: Ways): Three[] {
  const within = (position: number): number[] =>
    (next[position] ?? []).filter((target) => loopOf[position]?.has(target) === true)
  const takes = (...tokens: number[]): boolean => tokens.reduce((common, at) => common & (sets[at] ?? 0n), -1n) !== 0n
  return within(first).flatMap((a) =>
    within(last)
      .filter((c) => takes(a, c))
      .flatMap((c) => (next[between] ?? []).filter((b) => takes(a, b, c)).map((b): Three => [a, b, c])),
  )
}
