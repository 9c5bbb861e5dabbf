import fc from 'fast-check'
import t from 'tap'
import {
  closePayload,
  frameBytes,
  maskedBytes,
  OPCODES,
  type WsFrameEvent,
  WsFrameReader,
} from '../../src/wire/ws-frames.ts'

function read(chunks: readonly Uint8Array[]): { opcode: number; payload: string }[] {
  const reader = new WsFrameReader()
  const frames: { opcode: number; payload: string }[] = []
  let opcode = 0
  let mask: Uint8Array | null = null
  let pieces: Uint8Array[] = []
  const take = (event: WsFrameEvent): void => {
    if (event.kind === 'head') ({ opcode, mask } = event.head)
    if (event.kind === 'payload') pieces.push(event.bytes)
    if (event.kind !== 'end') return
    const raw = Buffer.concat(pieces)
    frames.push({ opcode, payload: (mask === null ? raw : maskedBytes(raw, mask)).toString('hex') })
    pieces = []
  }
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let event = reader.next(); event !== null; event = reader.next()) take(event)
  }
  return frames
}

const anyFrame = fc.record({
  opcode: fc.integer({ min: 0, max: 15 }),
  payload: fc.uint8Array({ maxLength: 400 }),
  mask: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 })),
})

t.test('frames are the same wherever their bytes are split', async (t) => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (frames, size) => {
      const bytes = Buffer.concat(frames.map((frame) => frameBytes(frame)))
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      const wanted = frames.map(({ opcode, payload }) => ({ opcode, payload: Buffer.from(payload).toString('hex') }))
      return JSON.stringify(read(chunks)) === JSON.stringify(wanted)
    }),
  )
  t.pass('on every split tried')
})

t.test('each way to write a length is read', async (t) => {
  for (const length of [0, 125, 126, 65_535, 65_536]) {
    const payload = Buffer.alloc(length, 7)
    t.same(read([frameBytes({ opcode: 2, payload, mask: null })])[0]?.payload.length, length * 2)
  }
})

t.test('a length that no frame has ends the reading', async (t) => {
  const reader = new WsFrameReader()
  reader.push(Buffer.from([0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]))
  t.equal(reader.next()?.kind, 'broken')
  t.equal(reader.next(), null)
  t.same(closePayload(1002), Buffer.from([3, 234]))
})

t.test('what was not looked at can be taken back, and then nothing more is read', async (t) => {
  const reader = new WsFrameReader()
  const frame = frameBytes({ opcode: OPCODES.text, payload: Buffer.from('hi'), mask: null })
  reader.push(Buffer.concat([frame, frame.subarray(0, 1)]))
  reader.push(frame.subarray(1))
  for (let event = reader.next(); event?.kind !== 'end'; event = reader.next()) t.ok(event)
  t.strictSame(reader.takeUnread(), frame)
  t.equal(reader.next(), null)
  reader.push(frame)
  t.equal(reader.next(), null)
})
