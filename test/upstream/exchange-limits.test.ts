import t from 'tap'
import { idleMsOf } from '../../src/upstream/exchange-limits.ts'

t.test('streams of messages may be silent for longer than downloads', (t) => {
  const timeouts = { firstByteMs: 1, bodyIdleMs: 2, streamIdleMs: 3 }
  const streams = [
    'text/event-stream; charset=utf-8',
    'application/grpc+proto',
    'application/connect+json',
    'APPLICATION/X-NDJSON',
  ]
  for (const type of streams) t.equal(idleMsOf(['Content-Type', type], timeouts), 3, type)
  for (const type of ['text/html', 'application/json', 'x/text/event-stream']) {
    t.equal(idleMsOf(['content-type', type], timeouts), 2, type)
  }
  t.equal(idleMsOf([], timeouts), 2)
  t.end()
})
