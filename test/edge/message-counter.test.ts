import { Buffer } from 'node:buffer'
import t from 'tap'
import { MessageCounter } from '../../src/edge/message-counter.ts'
import { frameBytes } from '../../src/wire/grpc-frames.ts'

const GRPC = ['Content-Type', 'application/grpc']
const frame = frameBytes(0, Buffer.from('hello'))

t.test('messages of both directions are counted as they pass', async (t) => {
  const counter = new MessageCounter(GRPC)
  counter.request(Buffer.concat([frame, frame]))
  t.strictSame(counter.counts, { in: 2, out: 0 })
  counter.responseHead(200, GRPC)
  counter.response(frame.subarray(0, 3))
  t.strictSame(counter.counts, { in: 2, out: 0 })
  counter.response(frame.subarray(3))
  t.strictSame(counter.counts, { in: 2, out: 1 })
})

t.test('a request that is not made of messages has no counts', async (t) => {
  const counter = new MessageCounter(['Content-Type', 'application/json'])
  counter.request(frame)
  counter.responseHead(200, GRPC)
  t.equal(counter.counts, undefined)
  t.equal(new MessageCounter(['Content-Type', 'application/grpc-web-text']).counts, undefined)
})

t.test('our own end stands behind whole messages of a plain response only', async (t) => {
  const counter = new MessageCounter(GRPC)
  t.equal(counter.isEndable, false, 'no response yet')
  counter.responseHead(200, GRPC)
  t.equal(counter.isEndable, true)
  counter.response(frame.subarray(0, 6))
  t.equal(counter.isEndable, false, 'inside a message')
  counter.response(frame.subarray(6))
  t.equal(counter.isEndable, true)
  counter.responseHead(502, GRPC)
  t.equal(counter.isEndable, false)
  counter.responseHead(200, [...GRPC, 'Content-Encoding', 'gzip'])
  t.equal(counter.isEndable, false)
  counter.responseHead(200, ['Content-Type', 'text/html'])
  t.equal(counter.isEndable, false)
})
