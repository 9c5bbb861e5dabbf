import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { createEventStreamParser } from '../../src/wire/aws-eventstream.ts'
import { EventStreamFrames, framePayload, withFramePayload } from '../../src/wire/aws-eventstream-frames.ts'
import { bedrockEvent, eventStreamMessage } from '../helpers/event-stream.ts'

const MAX = 10_000

function cut(chunks: readonly Uint8Array[], max = MAX) {
  const frames: Buffer[] = []
  const out: Buffer[] = []
  const cutter = new EventStreamFrames(
    {
      frame: (bytes) => {
        frames.push(Buffer.from(bytes))
        out.push(Buffer.from(bytes))
      },
      rest: (bytes) => out.push(Buffer.from(bytes)),
    },
    max,
  )
  for (const chunk of chunks) cutter.push(chunk)
  return { frames, out: Buffer.concat([...out, cutter.flush()]), skipped: cutter.skipped }
}

const MESSAGES = ['one', '', 'three'].map((payload) => eventStreamMessage({ payload }))

t.test('messages come whole however they are cut, and no byte is lost', async () => {
  const bytes = Buffer.concat(MESSAGES)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
      const places = [...new Set([0, ...cuts, bytes.length])].sort((a, b) => a - b)
      const { frames, out } = cut(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))
      return (
        out.equals(bytes) &&
        frames.length === 3 &&
        frames.every((frame, index) => frame.equals(MESSAGES[index] ?? frame))
      )
    }),
  )
})

t.test('any bytes come out as they went in', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), fc.boolean(), (chunks, isBegun) => {
      const all = isBegun ? [MESSAGES[0] ?? Buffer.alloc(0), ...chunks] : chunks
      return cut(all).out.equals(Buffer.concat(all))
    }),
  )
})

t.test('a message that is too long passes, and the next one is read', async (t) => {
  const long = eventStreamMessage({ payload: 'x'.repeat(MAX) })
  const { frames, out, skipped } = cut([Buffer.concat([long, MESSAGES[0] ?? Buffer.alloc(0)])])
  t.equal(frames.length, 1)
  t.equal(skipped, 1)
  t.ok(out.subarray(0, long.length).equals(long))
})

t.test('a message whose checksum is wrong passes as it is; behind a wrong length nothing is read', async (t) => {
  const broken = Buffer.from(MESSAGES[0] ?? '')
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1
  const one = cut([Buffer.concat([broken, MESSAGES[2] ?? Buffer.alloc(0)])])
  t.equal(one.frames.length, 1)
  const wrong = Buffer.from(MESSAGES[0] ?? '')
  wrong.writeUInt32BE(wrong.length + 1, 0)
  const all = Buffer.concat([wrong, ...MESSAGES])
  const two = cut([all])
  t.equal(two.frames.length, 0)
  t.ok(two.out.equals(all))
})

t.test('another payload is one that a reader takes, under the same headers', async (t) => {
  const frame = bedrockEvent('contentBlockDelta', { delta: { text: 'a' } })
  t.strictSame(JSON.parse(framePayload(frame).toString()), { delta: { text: 'a' } })
  const seen: string[] = []
  const parser = createEventStreamParser(({ headers, payload }) => {
    const type = headers.get(':event-type')
    seen.push(`${type?.type === 'string' ? type.value : ''} ${payload.toString()}`)
  }, MAX)
  t.equal(parser.push(withFramePayload(frame, Buffer.from('longer than before'.repeat(9)))), null)
  t.equal(parser.push(withFramePayload(frame, Buffer.alloc(0))), null)
  t.strictSame(seen, [`contentBlockDelta ${'longer than before'.repeat(9)}`, 'contentBlockDelta '])
})
