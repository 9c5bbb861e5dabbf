import type { ServerHttp2Session } from 'node:http2'
import t from 'tap'
import { Http2Guard, TokenBucket } from '../../src/edge/http2-guard.ts'

/** What the guard reads of a session. */
function guardOf(lastProcStreamID = 0): { guard: Http2Guard; state: { lastProcStreamID: number } } {
  const state = { lastProcStreamID }
  return { guard: new Http2Guard({ state } as unknown as ServerHttp2Session, { headerMs: 1000 }, 0), state }
}

t.test('a bucket gives what it holds, then what time gives back, never more than it holds', async (t) => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 }, 0)
  t.strictSame(
    [0, 0, 0, 0].map((now) => bucket.take(now)),
    [true, true, true, false],
  )
  t.ok(bucket.take(1000))
  t.strictSame(
    [99_000, 99_000, 99_000, 99_000].map((now) => bucket.take(now)),
    [true, true, true, false],
  )
})

t.test('pings and settings are counted apart, a burst is fine, a flood is not', async (t) => {
  const { guard } = guardOf()
  t.ok(Array.from({ length: 100 }, () => guard.onSettings(0)).every(Boolean))
  t.notOk(guard.onSettings(0))
  t.ok(Array.from({ length: 2000 }, () => guard.onPing(0)).every(Boolean))
  t.notOk(guard.onPing(0))
})

t.test('a connection that says nothing is silent once its time is up', async (t) => {
  const { guard } = guardOf()
  t.equal(guard.check(1000), 'fine')
  t.equal(guard.check(1001), 'silent')
  guard.onSettings(500)
  t.equal(guard.check(1001), 'fine')
})

t.test('half a header block is silence, a whole one is not', async (t) => {
  const { guard, state } = guardOf()
  guard.onSettings(0)
  state.lastProcStreamID = 1
  t.equal(guard.check(100), 'fine')
  t.equal(guard.check(1101), 'silent')
  guard.onStream(1)
  t.equal(guard.check(9000), 'fine')
  t.equal(guard.openStreams, 1)
})

t.test('a connection without a stream is idle after a while, one with a stream never', async (t) => {
  const { guard } = guardOf(1)
  guard.onSettings(0)
  guard.onStream(1)
  t.equal(guard.check(500_000), 'fine')
  guard.onStreamClosed(500_000)
  t.equal(guard.check(565_000), 'fine')
  t.equal(guard.check(565_001), 'idle')
})
