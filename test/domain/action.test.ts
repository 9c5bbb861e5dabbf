import t from 'tap'
import { ACTIONS, actionRank, stricterAction } from '../../src/domain/action.ts'

t.test('the order is allow < log < redact < block', async (t) => {
  t.strictSame(
    [...ACTIONS].sort((a, b) => actionRank(a) - actionRank(b)),
    ['allow', 'log', 'redact', 'block'],
  )
  t.equal(actionRank('allow'), 0)
})

t.test('the stricter of two is never milder than either, whichever comes first', async (t) => {
  for (const a of ACTIONS) {
    for (const b of ACTIONS) {
      const stricter = stricterAction(a, b)
      t.equal(stricter, stricterAction(b, a))
      t.equal(actionRank(stricter), Math.max(actionRank(a), actionRank(b)), `${a}, ${b}`)
    }
  }
})
