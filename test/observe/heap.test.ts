import t from 'tap'
import { createHeapWatch } from '../../src/observe/heap.ts'

t.test('full is above the limit, and is looked at again after a second at the earliest', async (t) => {
  let nowMs = 5_000
  let share = 0.9
  let samples = 0
  const isFull = createHeapWatch({
    percent: 90,
    nowMs: () => nowMs,
    usedShare: () => {
      samples++
      return share
    },
  })
  t.equal(isFull(), false, 'at the limit is not above it')
  share = 0.91
  nowMs += 999
  t.equal(isFull(), false, 'still the old sample')
  nowMs += 1
  t.equal(isFull(), true)
  share = 0.5
  t.equal(isFull(), true)
  nowMs += 1000
  t.equal(isFull(), false)
  t.equal(samples, 3)
})

t.test('by itself it reads this process: nearly empty is above nothing and below all', async (t) => {
  t.equal(createHeapWatch({ percent: 99.9, nowMs: () => 0 })(), false)
  t.equal(createHeapWatch({ percent: 0, nowMs: () => 0 })(), true)
})
