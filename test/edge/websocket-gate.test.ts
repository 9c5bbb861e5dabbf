import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { InspectionBudget } from '../../src/edge/held-body.ts'
import { MessageGate } from '../../src/edge/websocket-gate.ts'
import type { ClientMessage, MessageVerdict } from '../../src/flow/messages.ts'
import { type InflateRoom, MessageInflater } from '../../src/wire/ws-deflate.ts'
import { frameBytes, maskedBytes, OPCODES, WsFrameReader } from '../../src/wire/ws-frames.ts'

const mask = Buffer.from([9, 8, 7, 6])
const PASS: MessageVerdict = { kind: 'pass' }
const REFUSE: MessageVerdict = { kind: 'refuse', text: Buffer.from('no'), closeCode: 1000, error: null }

type Judge = (message: ClientMessage) => MessageVerdict | Promise<MessageVerdict>

function open(
  judge: Judge = () => PASS,
  maxBytes = 1000,
  budget = new InspectionBudget(1_000_000),
  inflater: MessageInflater | null = null,
) {
  const sent: Uint8Array[] = []
  const seen = { broken: 0, violated: 0, refused: 0, ended: 0, closes: 0, isHeld: false }
  const gate = new MessageGate(
    { maxBytes, budget, client: '192.0.2.1', inflater, hasContextTakeover: false, newMask: () => mask },
    {
      judge: async (message) => await judge(message),
      send: (bytes) => sent.push(Buffer.from(bytes)),
      hold: (isHeld) => {
        seen.isHeld = isHeld
      },
      refused: () => {
        seen.refused += 1
      },
      broken: () => {
        seen.broken += 1
      },
      violated: () => {
        seen.violated += 1
      },
      ended: () => {
        seen.ended += 1
      },
      onClose: () => {
        seen.closes += 1
      },
    },
  )
  return { gate, budget, seen, sent: () => Buffer.concat(sent), frames: () => framesOf(Buffer.concat(sent)) }
}

function framesOf(bytes: Uint8Array): [number, string][] {
  const reader = new WsFrameReader()
  const frames: [number, string][] = []
  let payload = Buffer.alloc(0)
  let head: { opcode: number; mask: Uint8Array | null } = { opcode: 0, mask: null }
  reader.push(bytes)
  for (let event = reader.next(); event !== null; event = reader.next()) {
    if (event.kind === 'head') ({ head } = event)
    if (event.kind === 'payload') payload = Buffer.concat([payload, event.bytes])
    if (event.kind !== 'end') continue
    frames.push([head.opcode, (head.mask === null ? payload : maskedBytes(payload, head.mask)).toString()])
    payload = Buffer.alloc(0)
  }
  return frames
}

const frame = (opcode: number, value: string | Uint8Array, isFinal = true): Buffer => {
  const bytes = frameBytes({ opcode, payload: Buffer.from(value), mask })
  if (!isFinal) bytes[0] = opcode
  return bytes
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('clean messages go on as the bytes they were, wherever those are split', async (t) => {
  const bytes = Buffer.concat([
    frame(OPCODES.text, 'one'),
    frame(OPCODES.text, 'tw', false),
    frame(OPCODES.continuation, 'o'),
    frame(OPCODES.binary, Buffer.alloc(300, 5)),
    frame(OPCODES.text, ''),
    frame(OPCODES.close, ''),
  ])
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: bytes.length }), async (size) => {
      const { gate, sent, seen, budget } = open()
      for (let at = 0; at < bytes.length; at += size) gate.push(bytes.subarray(at, at + size))
      gate.end()
      for (let turn = 0; turn < 50 && seen.ended === 0; turn++) await settled()
      return sent().equals(bytes) && seen.closes === 1 && seen.ended === 1 && budget.usedBytes === 0
    }),
    { numRuns: 30 },
  )
  t.pass('on every split tried')
})

t.test('a ping passes while a message is judged, whole even when the verdict comes in the middle of it', async (t) => {
  const verdict = Promise.withResolvers<MessageVerdict>()
  const { gate, frames, seen } = open(() => verdict.promise)
  const ping = frame(OPCODES.ping, 'alive')
  gate.push(Buffer.concat([frame(OPCODES.text, 'held'), ping, ping.subarray(0, 8)]))
  t.strictSame(frames(), [[OPCODES.ping, 'alive']])
  verdict.resolve({ kind: 'edit', bytes: Buffer.from('edited') })
  await settled()
  gate.push(ping.subarray(8))
  t.strictSame(frames(), [
    [OPCODES.ping, 'alive'],
    [OPCODES.text, 'edited'],
    [OPCODES.ping, 'alive'],
  ])
  t.equal(seen.isHeld, false)
})

t.test('the next message waits, and the client is held meanwhile', async (t) => {
  const verdict = Promise.withResolvers<MessageVerdict>()
  const { gate, frames, seen } = open(() => verdict.promise)
  gate.push(Buffer.concat([frame(OPCODES.text, 'one'), frame(OPCODES.text, 'two')]))
  t.equal(seen.isHeld, true)
  t.strictSame(frames(), [])
  verdict.resolve(PASS)
  await settled()
  t.strictSame(frames(), [
    [OPCODES.text, 'one'],
    [OPCODES.text, 'two'],
  ])
})

t.test('after a refusal nothing goes on', async (t) => {
  const { gate, sent, seen, budget } = open(() => REFUSE)
  gate.push(Buffer.concat([frame(OPCODES.text, 'secret'), frame(OPCODES.text, 'more')]))
  await settled()
  gate.push(frame(OPCODES.ping, ''))
  gate.push(frame(OPCODES.close, ''))
  t.equal(sent().length, 0)
  t.match(seen, { refused: 1, closes: 1, isHeld: false })
  t.equal(gate.isBetweenFrames, true)
  t.equal(budget.usedBytes, 0)
})

t.test('what breaks the protocol goes on without its content', async (t) => {
  const bad: [string, Buffer, [number, string][]][] = [
    ['a reserved opcode', frame(3, 'secret'), [[3, '\0\0\0\0\0\0']]],
    [
      'a message inside another',
      Buffer.concat([frame(OPCODES.text, 'secret', false), frame(OPCODES.text, 'secret')]),
      [
        [OPCODES.text, ''],
        [OPCODES.text, '\0\0\0\0\0\0'],
      ],
    ],
    ['no mask', frameBytes({ opcode: 1, payload: Buffer.from('secret'), mask: null }), [[1, '\0\0\0\0\0\0']]],
  ]
  for (const [name, bytes, wanted] of bad) {
    const { gate, frames, sent, seen, budget } = open()
    gate.push(Buffer.concat([bytes, frame(OPCODES.text, 'later')]))
    await settled()
    t.strictSame(frames(), wanted, name)
    t.notMatch(sent().toString('latin1'), 'secret', name)
    t.equal(seen.broken, 1, name)
    t.equal(budget.usedBytes, 0, name)
  }
})

t.test('a length that no frame has, and text that is none, go no further either', async (t) => {
  const broken = open()
  broken.gate.push(Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 9, 8, 7, 6, 1, 2]))
  t.equal(broken.seen.broken, 1)
  t.equal(broken.sent().length, 14)
  for (const bytes of [
    frame(OPCODES.text, Buffer.from([65, 0xff, 66])),
    frame(OPCODES.text, Buffer.from([0xe2, 0x82])),
    Buffer.concat([frame(OPCODES.text, Buffer.from([0xe2, 0x82]), false), frame(OPCODES.continuation, 'x')]),
  ]) {
    const { gate, sent, seen } = open()
    gate.push(Buffer.concat([bytes, frame(OPCODES.text, 'later')]))
    await settled()
    t.same(sent(), frame(OPCODES.text, Buffer.from([0xff])))
    t.equal(seen.broken, 1)
  }
})

t.test('a message that is too long, or has no room, is judged by its beginning, and goes on or does not', async (t) => {
  const value = 'x'.repeat(50)
  const bytes = Buffer.concat([frame(OPCODES.text, value, false), frame(OPCODES.continuation, value)])
  for (const [cut, maxBytes, budget] of [
    ['oversize', 40, new InspectionBudget(1_000_000)],
    ['over-capacity', 1000, new InspectionBudget(40)],
  ] as const) {
    const cuts: unknown[] = []
    const passing = open(({ body }) => (cuts.push(body.cut), PASS), maxBytes, budget)
    passing.gate.push(Buffer.concat([bytes, frame(OPCODES.ping, '')]))
    await settled()
    t.same(passing.sent(), Buffer.concat([bytes, frame(OPCODES.ping, '')]), cut)
    t.strictSame(cuts, [cut])
    t.equal(budget.usedBytes, 0)
    const refused = open(() => REFUSE, maxBytes, budget)
    refused.gate.push(bytes)
    await settled()
    t.equal(refused.sent().length, 0, cut)
    t.equal(refused.seen.refused, 1)
  }
})

t.test('a verdict that fails lets nothing through', async (t) => {
  const { gate, sent, seen } = open(() => Promise.reject(new Error('no verdict')))
  gate.push(Buffer.concat([frame(OPCODES.text, 'secret'), frame(OPCODES.text, 'later')]))
  await settled()
  t.equal(sent().length, 0)
  t.equal(seen.broken, 1)
})

t.test('what is held is given back when the connection closes', async (t) => {
  const { gate, budget } = open()
  gate.push(frame(OPCODES.text, 'begun', false))
  t.ok(budget.usedBytes > 0)
  gate.release()
  t.equal(budget.usedBytes, 0)
})

t.test(
  'a compressed message is undone and judged while there is room for what it becomes, and not before',
  async (t) => {
    const inside: string[] = []
    const free = Promise.withResolvers<null>()
    const room: InflateRoom = async (bytes, work) => {
      inside.push(`asked ${bytes}`)
      await free.promise
      const result = await work()
      inside.push('given back')
      return result
    }
    const inflater = new MessageInflater({ hasContextTakeover: false }, { maxBytes: 1_000_000, maxRatio: 1000, room })
    const { gate, sent } = open(
      (message) => {
        inside.push(`judged ${message.size}`)
        return PASS
      },
      100_000,
      undefined,
      inflater,
    )
    const frame = compressedFrame(Buffer.alloc(300_000, 'a'))
    gate.push(frame)
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(inside, [`asked ${Math.min(1_000_000, (frame.length - 8) * 1000)}`])
    t.equal(sent().length, 0)
    free.resolve(null)
    while (sent().length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(inside.slice(1), ['judged 300000', 'given back'])
    t.ok(sent().equals(frame))
  },
)

t.test('a message whose connection ended while it waited for room is not judged', async (t) => {
  const free = Promise.withResolvers<null>()
  const room: InflateRoom = async (_bytes, work) => {
    await free.promise
    return await work()
  }
  const inflater = new MessageInflater({ hasContextTakeover: false }, { maxBytes: 1_000_000, maxRatio: 1000, room })
  let judged = 0
  const { gate, sent, budget } = open(() => ((judged += 1), PASS), 100_000, undefined, inflater)
  gate.push(compressedFrame(Buffer.alloc(300_000, 'a')))
  gate.release()
  free.resolve(null)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(judged, 0)
  t.equal(sent().length, 0)
  t.equal(budget.usedBytes, 0)
})

/** One text message of a client, compressed. */
function compressedFrame(payload: Buffer): Buffer {
  const deflated = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
  const frame = Buffer.from(frameBytes({ opcode: OPCODES.text, payload: deflated, mask }))
  frame[0] = (frame[0] ?? 0) | 0x40
  return frame
}
