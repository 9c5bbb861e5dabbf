import t from 'tap'
import { createAttempts } from '../../src/identity/attempts.ts'

t.test('an address may be wrong so often in a window, and again in the next', async (t) => {
  let now = 0
  const attempts = createAttempts(
    () => ({ max: 3, windowMs: 1000 }),
    () => now,
  )
  t.strictSame(
    [1, 2, 3, 4, 5].map(() => attempts.take('10.0.0.1')),
    [true, true, true, false, false],
  )
  t.equal(attempts.take('10.0.0.2'), true, 'others are not held to account')
  now = 999
  t.equal(attempts.take('10.0.0.1'), false)
  now = 1000
  t.equal(attempts.take('10.0.0.1'), true)
})

t.test('what was right is given back', async (t) => {
  const attempts = createAttempts(
    () => ({ max: 1, windowMs: 1000 }),
    () => 0,
  )
  for (let round = 0; round < 5; round++) {
    t.equal(attempts.take('a'), true)
    attempts.giveBack('a')
  }
  attempts.giveBack('a')
  t.equal(attempts.take('a'), true)
  t.equal(attempts.take('a'), false, 'giving back too often gives no credit')
})

t.test('an IPv6 client cannot change its address within its network to go on', async (t) => {
  const attempts = createAttempts(
    () => ({ max: 1, windowMs: 1000 }),
    () => 0,
  )
  t.equal(attempts.take('2001:db8:1:2::1'), true)
  t.equal(attempts.take('2001:db8:1:2:ffff::9'), false)
  t.equal(attempts.take('2001:db8:1:3::1'), true)
})

t.test('one thing of an address is counted apart from the rest', async (t) => {
  const attempts = createAttempts(
    () => ({ max: 1, windowMs: 1000 }),
    () => 0,
  )
  t.strictSame(
    [
      attempts.take('a'),
      attempts.take('a', 'x'),
      attempts.take('a', 'x'),
      attempts.take('a', 'y'),
      attempts.take('b', 'x'),
    ],
    [true, true, false, true, true],
  )
  attempts.giveBack('a', 'x')
  t.equal(attempts.take('a', 'x'), true)
  t.equal(attempts.take('a'), false)
})

t.test('any number of addresses takes a bounded memory: the oldest are forgotten', async (t) => {
  const attempts = createAttempts(
    () => ({ max: 1, windowMs: 1000 }),
    () => 0,
  )
  attempts.take('first')
  for (let index = 0; index < 9_999; index++) attempts.take(`a${index}`)
  t.equal(attempts.take('first'), false)
  attempts.take('one too many')
  t.equal(attempts.take('first'), true)
})
