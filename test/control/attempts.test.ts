import t from 'tap'
import { createAttempts } from '../../src/control/attempts.ts'

t.test('an address has to wait after too many failures, and only that address', async (t) => {
  let now = 0
  const attempts = createAttempts({ nowMs: () => now, maxFailures: 3, windowMs: 60_000 })
  attempts.fail('a')
  attempts.fail('a')
  t.equal(attempts.waitSeconds('a'), 0)
  now = 10_000
  attempts.fail('a')
  t.equal(attempts.waitSeconds('a'), 50)
  t.equal(attempts.waitSeconds('b'), 0)
})

t.test('the wait ends when the oldest failure leaves the window', async (t) => {
  let now = 0
  const attempts = createAttempts({ nowMs: () => now, maxFailures: 2, windowMs: 1_000 })
  attempts.fail('a')
  now = 500
  attempts.fail('a')
  now = 999
  t.equal(attempts.waitSeconds('a'), 1, 'never zero while waiting')
  now = 1_000
  t.equal(attempts.waitSeconds('a'), 0)
  attempts.fail('a')
  t.equal(attempts.waitSeconds('a'), 1)
})

t.test('memory is bounded: the address that failed longest ago is forgotten first', async (t) => {
  const attempts = createAttempts({ nowMs: () => 0, maxFailures: 1, maxAddresses: 2 })
  attempts.fail('a')
  attempts.fail('b')
  attempts.fail('a')
  attempts.fail('c')
  t.equal(attempts.waitSeconds('b'), 0)
  t.ok(attempts.waitSeconds('a') > 0)
  t.ok(attempts.waitSeconds('c') > 0)
})
