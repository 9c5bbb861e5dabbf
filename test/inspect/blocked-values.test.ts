import t from 'tap'
import {
  ALL_BLOCKED,
  BLOCKED_CLIENTS,
  BLOCKED_MS,
  CLIENT_BLOCKED,
  createBlockedValues,
} from '../../src/inspect/blocked-values.ts'

const REACH = { message: 2, part: 0 }

t.test('a value is known to its client alone, and how far the conversation had gone', async (t) => {
  const blocked = createBlockedValues({ nowMs: () => 0 })
  blocked.remember('ann', 'M1', REACH)
  blocked.remember('ann', 'M2', null)
  t.strictSame(blocked.reachOf('ann', 'M1'), REACH)
  t.equal(blocked.reachOf('ann', 'M2'), null)
  t.equal(blocked.reachOf('ann', 'M3'), undefined)
  t.equal(blocked.reachOf('bob', 'M1'), undefined)
  blocked.remember('ann', 'M1', { message: 4, part: 1 })
  t.strictSame(blocked.reachOf('ann', 'M1'), { message: 4, part: 1 }, 'the last time counts')
})

t.test('it is forgotten after a day in which it was not met', async (t) => {
  let now = 0
  const blocked = createBlockedValues({ nowMs: () => now })
  blocked.remember('ann', 'M1', REACH)
  now = BLOCKED_MS
  t.strictSame(blocked.reachOf('ann', 'M1'), REACH)
  blocked.touch('ann', 'M1')
  now += BLOCKED_MS
  t.strictSame(blocked.reachOf('ann', 'M1'), REACH)
  now += 1
  t.equal(blocked.reachOf('ann', 'M1'), undefined)
  blocked.touch('ann', 'M1')
  t.equal(blocked.reachOf('ann', 'M1'), undefined, 'what is forgotten is not brought back')
})

t.test('values and clients are bounded: the oldest goes', async (t) => {
  const blocked = createBlockedValues({ nowMs: () => 0 })
  for (let count = 0; count <= CLIENT_BLOCKED; count++) blocked.remember('ann', `M${count}`, REACH)
  t.equal(blocked.reachOf('ann', 'M0'), undefined)
  t.strictSame(blocked.reachOf('ann', 'M1'), REACH)
  for (let count = 0; count < BLOCKED_CLIENTS; count++) blocked.remember(`c${count}`, 'M', REACH)
  t.equal(blocked.reachOf('ann', 'M1'), undefined)
  t.strictSame(blocked.reachOf('c0', 'M'), REACH)
})

t.test('all clients together are bounded: the one not heard of for longest loses all of his', async (t) => {
  const blocked = createBlockedValues({ nowMs: () => 0 })
  const full = ALL_BLOCKED / CLIENT_BLOCKED
  for (let who = 0; who < full; who++) {
    for (let count = 0; count < CLIENT_BLOCKED; count++) blocked.remember(`c${who}`, `M${count}`, REACH)
  }
  blocked.remember('c0', 'M0', REACH)
  t.ok(blocked.knows('c1'))
  blocked.remember('new', 'M', REACH)
  t.notOk(blocked.knows('c1'))
  t.ok(blocked.knows('c0'))
  t.strictSame(blocked.reachOf('c0', 'M7'), REACH)
  for (let count = 0; count < CLIENT_BLOCKED - 1; count++) blocked.remember('new', `N${count}`, REACH)
  t.ok(blocked.knows('c2'), 'there was room again')
})
