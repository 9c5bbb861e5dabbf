import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { frameBytes, OPCODES, WsFrameReader } from '../../src/wire/ws-frames.ts'
import { type Cut, MessageAssembler, Utf8Check, type WholeMessage } from '../../src/wire/ws-messages.ts'

interface Read {
  readonly messages: WholeMessage[]
  readonly isBroken: boolean
}

const NO_LIMIT = (_bytes: number): Cut | null => null

function read(bytes: Uint8Array, { hasDeflate = false, isFromClient = false, room = NO_LIMIT } = {}): Read {
  const reader = new WsFrameReader()
  const assembler = new MessageAssembler({ isFromClient, hasDeflate, room })
  const messages: WholeMessage[] = []
  reader.push(bytes)
  for (let event = reader.next(); event !== null; event = reader.next()) {
    if (event.kind === 'head' && !assembler.head(event.head)) return { messages, isBroken: true }
    if (event.kind === 'payload') assembler.payload(event.bytes)
    if (event.kind !== 'end') continue
    const ended = assembler.end()
    if (ended.kind === 'message') messages.push(ended.message)
  }
  return { messages, isBroken: false }
}

const mask = Buffer.from([1, 2, 3, 4])

t.test('fragments make one message, with pings between them', async (t) => {
  const bytes = Buffer.from([0x01, 1, 65, 0x89, 1, 99, 0x00, 1, 66, 0x80, 1, 67, 0x82, 0])
  const { messages, isBroken } = read(bytes)
  t.notOk(isBroken)
  t.match(
    messages.map(({ isText, payload, size }) => [isText, payload.toString(), size]),
    [
      [true, 'ABC', 3],
      [false, '', 0],
    ],
  )
})

t.test('a Close says its code, and whether it may', async (t) => {
  const said = (payload: readonly number[], isFromClient: boolean, pieces = 1): unknown => {
    const assembler = new MessageAssembler({ isFromClient, hasDeflate: false, room: NO_LIMIT })
    const reader = new WsFrameReader()
    const bytes = frameBytes({
      opcode: OPCODES.close,
      payload: Buffer.from(payload),
      mask: isFromClient ? mask : null,
    })
    const size = Math.ceil(bytes.length / pieces)
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    for (let event = reader.next(); event !== null; event = reader.next()) {
      if (event.kind === 'head') assembler.head(event.head)
      if (event.kind === 'payload') assembler.payload(event.bytes)
      if (event.kind === 'end') return assembler.end()
    }
    return null
  }
  const code = (value: number): number[] => [value >> 8, value & 0xff]
  for (const isFromClient of [true, false]) {
    for (const good of [1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4999]) {
      const close = { code: good, violation: null }
      t.strictSame(said([...code(good), 0x62, 0x79], isFromClient, 3), { kind: 'control', close }, String(good))
    }
    for (const bad of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
      t.match(said(code(bad), isFromClient), { close: { code: bad, violation: 1002 } }, String(bad))
    }
    t.match(said([], isFromClient), { close: { code: 1005, violation: null } })
    t.match(said([3], isFromClient), { close: { code: 1005, violation: 1002 } })
    t.match(said([...code(1000), 0xff], isFromClient), { close: { code: 1000, violation: 1007 } })
  }
})

t.test('what breaks RFC 6455 is told, by its first two bytes', async (t) => {
  const broken: [string, number[]][] = [
    ['reserved bit 1 without compression', [0xc1, 0]],
    ['reserved bit 2', [0xa1, 0]],
    ['reserved bit 3', [0x91, 0]],
    ['an unknown data opcode', [0x83, 0]],
    ['an unknown control opcode', [0x8b, 0]],
    ['a ping in fragments', [0x09, 0]],
    ['a long ping', [0x89, 126, 0, 126]],
    ['a continuation of nothing', [0x80, 0]],
    ['a message inside another', [0x01, 0, 0x81, 0]],
    ['a mask from a server', [0x81, 0x80, 0, 0, 0, 0]],
  ]
  for (const [name, bytes] of broken) t.equal(read(Buffer.from(bytes)).isBroken, true, name)
  t.equal(read(Buffer.from([0x81, 0]), { isFromClient: true }).isBroken, true, 'no mask from a client')
  t.match(read(Buffer.from([0xc1, 0]), { hasDeflate: true }), { isBroken: false, messages: [{ isCompressed: true }] })
  t.equal(read(Buffer.from([0x41, 0, 0xc0, 0]), { hasDeflate: true }).isBroken, true, 'the bit on a continuation')
})

t.test('a message without room keeps its beginning and its true size', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from([0x02, 0x83]),
    mask,
    Buffer.from([1, 2, 3]),
    frameBytes({ opcode: 0, payload: Buffer.alloc(5), mask }),
  ])
  let room = 3
  const { messages } = read(bytes, {
    isFromClient: true,
    room: (wanted) => ((room -= wanted) < 0 ? 'oversize' : null),
  })
  t.match(messages, [{ cut: 'oversize', size: 8, payload: Buffer.from([0, 0, 0]) }])
})

t.test('one message of any bytes comes out as it went in', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), (payload) => {
      const [message] = read(frameBytes({ opcode: OPCODES.binary, payload, mask }), { isFromClient: true }).messages
      return message !== undefined && message.payload.equals(payload)
    }),
    { numRuns: 50 },
  )
  t.pass('whatever the bytes')
})

t.test('text is checked in pieces as it is checked whole', async (t) => {
  const anyBytes = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const check = new Utf8Check()
      const isSoFar = [...bytes].every((byte) => check.push(Buffer.from([byte])))
      // A whole text is valid in pieces; an invalid one is found at the latest with the byte behind it.
      const isClosed = isSoFar && check.push(Buffer.from('.'))
      return isClosed === isUtf8(bytes)
    }),
    { numRuns: 500 },
  )
  t.pass('on every text tried')
})
