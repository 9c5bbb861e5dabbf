import t from 'tap'
import { allAtOnce, type StepwiseWork } from '../../src/domain/work-turns.ts'

t.test('stepwise work is done to its end at once, and what it throws is thrown', async (t) => {
  const seen: number[] = []
  function* work(): StepwiseWork<string> {
    for (const step of [1, 2, 3]) {
      seen.push(step)
      yield
    }
    return 'done'
  }
  t.equal(allAtOnce(work()), 'done')
  t.strictSame(seen, [1, 2, 3])
  function* broken(): StepwiseWork<never> {
    yield
    throw new Error('on the way')
  }
  t.throws(() => allAtOnce(broken()), /on the way/u)
})
