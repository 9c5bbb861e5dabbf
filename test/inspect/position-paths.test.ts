import fc from 'fast-check'
import t from 'tap'
import { hasCrossedLoops, hasForkedLoop, type Positions } from '../../src/inspect/position-paths.ts'

/** Positions by the characters they take, as bits, and their followers. */
const positions = (rows: readonly (readonly [set: bigint, follow: readonly number[]])[]): Positions => ({
  sets: rows.map(([set]) => set),
  follow: rows.map(([, follow]) => new Set(follow)),
})

/** Every state that tokens moving at once over one text come to, in one step or more: plainly by the definition. */
function reached(start: readonly number[], { sets, follow }: Positions): Set<string> {
  const seen = new Set<string>()
  const queue = [start]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    const moves = state.reduce<number[][]>(
      (all, token) => all.flatMap((move) => [...(follow[token] ?? [])].map((next) => [...move, next])),
      [[]],
    )
    for (const move of moves) {
      if (move.reduce((common, at) => common & (sets[at] ?? 0n), -1n) === 0n || seen.has(move.join())) continue
      seen.add(move.join())
      queue.push(move)
    }
  }
  return seen
}

const forked = (all: Positions): boolean =>
  [...all.sets.keys()].some((start) =>
    [...reached([start, start], all)].some((fork) => {
      const [a = 0, b = 0] = fork.split(',').map(Number)
      return a !== b && reached([a, b], all).has(`${start},${start}`)
    }),
  )

const crossed = (all: Positions): boolean => {
  const loops = [...all.sets.keys()].filter((p) => reached([p], all).has(String(p)))
  return loops.some((p) => loops.some((q) => p !== q && reached([p, p, q], all).has(`${p},${q},${q}`)))
}

t.test(
  'a loop that one text goes round in two ways is found, one whose ways take different characters is not',
  async (t) => {
    const loop = (first: bigint, second: bigint): Positions =>
      positions([
        [4n, [1, 2]],
        [first, [0]],
        [second, [0]],
      ])
    t.ok(hasForkedLoop(loop(1n, 3n)))
    t.notOk(hasForkedLoop(loop(1n, 2n)))
  },
)

t.test('two loops that one text can pass from one to the other are found, those kept apart are not', async (t) => {
  const loops = (between: bigint): Positions =>
    positions([
      [1n, [0, 1]],
      [between, [2]],
      [1n, [2]],
    ])
  t.ok(hasCrossedLoops(loops(1n)))
  t.notOk(hasCrossedLoops(loops(2n)))
})

t.test('both questions are answered as their definitions say, for any positions', async () => {
  const row = fc.tuple(
    fc.bigInt({ min: 0n, max: 7n }),
    fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.array(row, { minLength: 5, maxLength: 5 }), (rows) => {
      const all = positions(rows)
      return hasForkedLoop(all) === forked(all) && hasCrossedLoops(all) === crossed(all)
    }),
    { numRuns: 300 },
  )
})
