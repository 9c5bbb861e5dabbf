import t from 'tap'
import type { StepwiseWork } from '../../src/domain/work-turns.ts'
import { createLoopTurns } from '../../src/scan-pool/loop-turns.ts'

/** Time that passes only while work is done. */
function clock(): { readonly now: () => number; readonly pass: (ms: number) => void } {
  let ms = 0
  return {
    now: () => ms,
    pass: (by) => {
      ms += by
    },
  }
}

/** What was done in each turn of the event loop. */
function turnLog(): { readonly note: (what: string) => void; readonly turns: string[][]; readonly stop: () => void } {
  const turns: string[][] = [[]]
  let timer = setImmediate(function next() {
    turns.push([])
    timer = setImmediate(next)
  })
  return { note: (what) => turns.at(-1)?.push(what), turns, stop: () => clearImmediate(timer) }
}

function* steps(count: number, each: () => void): StepwiseWork<string> {
  for (let step = 0; step < count; step += 1) {
    each()
    yield
  }
  return 'done'
}

t.test('no turn of the event loop holds more than its share, whoever works, and all come to their end', async (t) => {
  const { now, pass } = clock()
  const turns = createLoopTurns(now, 4)
  const { note, turns: seen, stop } = turnLog()
  const work = (name: string): Promise<string> =>
    turns.run(
      steps(10, () => {
        pass(1)
        note(name)
      }),
    )
  t.strictSame(await Promise.all([work('a'), work('b'), work('c')]), ['done', 'done', 'done'])
  stop()
  t.equal(seen.flat().length, 30)
  t.ok(
    seen.every((each) => each.length <= 4),
    'the turns have four milliseconds each',
  )
  const order = seen.filter((each) => each.length > 0).map(([first]) => first)
  t.strictSame(order.slice(0, 7), ['a', 'a', 'b', 'c', 'a', 'b', 'c'], 'one after the other')
})

t.test(
  'work that is short is done in this turn, and work that cannot be cut waits where the turn is used up',
  async (t) => {
    const { now, pass } = clock()
    const turns = createLoopTurns(now, 4)
    const whole = (ms: number): number | Promise<number> =>
      turns.whole(() => {
        pass(ms)
        return ms
      })
    t.equal(whole(3), 3)
    t.equal(whole(30), 30, 'how long it takes is not known before')
    const waiting = [whole(5), whole(6), whole(1)]
    t.ok(waiting.every((each) => each instanceof Promise))
    t.strictSame(await Promise.all(waiting.map(async (each) => each)), [5, 6, 1])
    await new Promise((resolve) => setImmediate(resolve))
    t.equal(whole(1), 1, 'a new turn')
  },
)

t.test('what fails is told to who asked, and nobody else waits for ever', async (t) => {
  const { now, pass } = clock()
  const turns = createLoopTurns(now, 4)
  const broken = turns.run(
    steps(9, () => {
      pass(3)
      if (now() > 10) throw new Error('in a later turn')
    }),
  )
  const other = turns.run(steps(5, () => pass(3)))
  const fault = (): never => {
    throw new Error('at once or later')
  }
  await t.rejects(broken, /in a later turn/u)
  t.equal(await other, 'done')
  await t.rejects(async () => turns.whole(fault), /at once or later/u)
})
