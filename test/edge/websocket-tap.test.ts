import fc from 'fast-check'
import t from 'tap'
import { MessageTap } from '../../src/edge/websocket-tap.ts'
import { closePayload, frameBytes, OPCODES } from '../../src/wire/ws-frames.ts'

function open() {
  const texts: string[] = []
  const seen = { closes: 0, losses: 0 }
  const tap = new MessageTap(
    { isFromClient: false, hasDeflate: false, room: () => null },
    {
      onMessage: ({ payload }) => texts.push(payload.toString()),
      onClose: () => {
        seen.closes += 1
      },
      onLost: () => {
        seen.losses += 1
      },
    },
  )
  return { tap, texts, seen }
}

const text = (value: string): Buffer => frameBytes({ opcode: OPCODES.text, payload: Buffer.from(value), mask: null })

t.test('messages are read wherever their bytes are split', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (values, size) => {
      const { tap, texts } = open()
      const bytes = Buffer.concat(values.map(text))
      for (let at = 0; at < bytes.length; at += size) tap.push(bytes.subarray(at, at + size))
      return (
        tap.isBetweenMessages && JSON.stringify(texts) === JSON.stringify(values.map((v) => Buffer.from(v).toString()))
      )
    }),
  )
  t.pass('on every split tried')
})

t.test('asked to stop at the next boundary, it says how far it read', async (t) => {
  const { tap, texts } = open()
  const whole = text('one')
  tap.push(whole.subarray(0, 2))
  t.equal(tap.isBetweenFrames, false)
  t.equal(tap.push(Buffer.concat([whole.subarray(2), text('two')]), true), 3)
  t.strictSame(texts, ['one'])
  t.equal(tap.isBetweenMessages, true)
})

t.test('between two fragments a frame may be put in, a message may not', async (t) => {
  const { tap } = open()
  tap.push(Buffer.from([0x01, 1, 65]))
  t.equal(tap.isBetweenFrames, true)
  t.equal(tap.isBetweenMessages, false)
})

t.test('a Close is seen, and a broken protocol ends the reading', async (t) => {
  const { tap, texts, seen } = open()
  tap.push(frameBytes({ opcode: OPCODES.close, payload: closePayload(1000), mask: null }))
  t.strictSame(seen, { closes: 1, losses: 0 })
  const broken = Buffer.from([0xf1, 0])
  t.equal(tap.push(broken), 2)
  t.equal(tap.push(text('later')), 7)
  t.strictSame(seen, { closes: 1, losses: 1 })
  t.strictSame(texts, [])
  t.equal(tap.isBetweenFrames, false)
})
