import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { MessageRestorer } from '../../src/edge/websocket-restorer.ts'
import { MessageInflater } from '../../src/wire/ws-deflate.ts'
import { closePayload, frameBytes, OPCODES, WsFrameReader } from '../../src/wire/ws-frames.ts'
import { MessageAssembler } from '../../src/wire/ws-messages.ts'

interface Opened {
  readonly way: MessageRestorer
  readonly sent: Buffer[]
  readonly log: string[]
  readonly bytes: () => Buffer
}

/** Puts `value` where `KEY` stands; `twice` becomes two messages. */
const restore = (message: Buffer): readonly Uint8Array[] | null => {
  const text = message.toString()
  if (text === 'twice') return [Buffer.from('one'), message]
  return text.includes('KEY') ? [Buffer.from(text.replaceAll('KEY', 'value'))] : null
}

function open({ hasDeflate = false, maxBytes = 1000 } = {}): Opened {
  const sent: Buffer[] = []
  const log: string[] = []
  let taken = 0
  const way = new MessageRestorer(
    {
      inflater: hasDeflate
        ? new MessageInflater({ hasContextTakeover: true }, { maxBytes: 1_000_000, maxRatio: 1000 })
        : null,
      hasContextTakeover: hasDeflate,
      room: (bytes) => ((taken += bytes) > maxBytes ? 'oversize' : null),
    },
    {
      restore,
      answered: (bytes, size) =>
        log.push(`answered ${bytes === null ? 'unread' : Buffer.from(bytes).toString().slice(0, 20)} ${size}`),
      send: (bytes) => sent.push(Buffer.from(bytes)),
      hold: (isHeld) => log.push(isHeld ? 'hold' : 'go on'),
      giveBack: () => (taken = 0),
      onClose: () => log.push('close'),
      onBroken: () => log.push('broken'),
      onLost: () => log.push('lost'),
    },
  )
  return { way, sent, log, bytes: () => Buffer.concat(sent) }
}

const text = (value: string): Buffer => frameBytes({ opcode: OPCODES.text, payload: Buffer.from(value), mask: null })
/** A frame that is not the last of its message, or not the first. */
function fragment(value: string, { isFirst, isLast }: { isFirst: boolean; isLast: boolean }): Buffer {
  const frame = frameBytes({
    opcode: isFirst ? OPCODES.text : OPCODES.continuation,
    payload: Buffer.from(value),
    mask: null,
  })
  if (!isLast) frame[0] = (frame[0] ?? 0) & 0x7f
  return frame
}
const ping = frameBytes({ opcode: OPCODES.ping, payload: Buffer.from('p'), mask: null })

/** Whole messages in bytes that a server might have sent; compressed ones are told as such. */
function messagesIn(bytes: Buffer): string[] {
  const reader = new WsFrameReader()
  const assembler = new MessageAssembler({ isFromClient: false, hasDeflate: true, room: () => null })
  const seen: string[] = []
  reader.push(bytes)
  for (let event = reader.next(); event !== null; event = reader.next()) {
    if (event.kind === 'head' && !assembler.head(event.head)) throw new Error('out of order')
    if (event.kind === 'payload') assembler.payload(event.bytes)
    const ended = event.kind === 'end' ? assembler.end() : null
    if (ended?.kind === 'message')
      seen.push(ended.message.isCompressed ? '(compressed)' : ended.message.payload.toString())
  }
  return seen
}

t.test('a message without anything to put back goes on in its own frames, pings at once', async (t) => {
  const { way, bytes, log } = open()
  const frames = [
    fragment('he', { isFirst: true, isLast: false }),
    ping,
    fragment('llo', { isFirst: false, isLast: true }),
  ]
  for (const frame of frames) way.push(frame)
  t.strictSame(bytes(), Buffer.concat([ping, frames[0] ?? ping, frames[2] ?? ping]))
  t.strictSame(log, ['answered hello 5'])
})

t.test('an edited message is one new frame; one may become two', async (t) => {
  const { way, bytes } = open()
  way.push(fragment('a K', { isFirst: true, isLast: false }))
  way.push(Buffer.concat([fragment('EY', { isFirst: false, isLast: true }), text('twice')]))
  t.strictSame(bytes(), Buffer.concat([text('a value'), text('one'), text('twice')]))
})

t.test('what is too long passes as it comes, and the next is read again', async (t) => {
  const { way, bytes, log } = open({ maxBytes: 10 })
  const long = text('KEY that is too long')
  way.push(long.subarray(0, 6))
  t.ok(way.isBetweenMessages)
  way.push(long.subarray(6, 14))
  t.notOk(way.isBetweenMessages)
  way.push(long.subarray(14))
  way.push(text('KEY'))
  t.strictSame(bytes(), Buffer.concat([long, text('value')]))
  t.strictSame(log, ['answered unread 20', 'answered KEY 3'])
})

t.test('a close is told when it went out', async (t) => {
  const { way, bytes, log } = open()
  const close = frameBytes({ opcode: OPCODES.close, payload: closePayload(1000), mask: null })
  way.push(close.subarray(0, 3))
  t.strictSame(log, [])
  way.push(close.subarray(3))
  t.strictSame(bytes(), close)
  t.strictSame(log, ['close'])
})

t.test('what breaks the protocol goes on as it is', async (t) => {
  const { way, bytes, log } = open()
  const broken = Buffer.concat([text('KEY'), Buffer.from([0x83, 0x01, 0x41]), text('KEY')])
  way.push(broken)
  way.push(text('KEY'))
  t.strictSame(bytes(), Buffer.concat([text('value'), broken.subarray(text('KEY').length), text('KEY')]))
  t.notOk(way.isBetweenMessages)
  t.strictSame(log, ['answered KEY 3', 'broken'])
})

/** Compressed messages of a server that keeps its window, made anew for each list: each alone, so without one here. */
const compressed = (value: string): Buffer => {
  const payload = deflateRawSync(Buffer.from(value), { finishFlush: 2 }).subarray(0, -4)
  const frame = frameBytes({ opcode: OPCODES.text, payload, mask: null })
  frame[0] = (frame[0] ?? 0) | 0x40
  return frame
}

t.test('after an edit no message goes on that builds on what the client never got', async (t) => {
  const { way, sent, bytes, log } = open({ hasDeflate: true })
  for (const value of ['hello', 'KEY', 'hello']) way.push(compressed(value))
  while (sent.length < 3) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(messagesIn(bytes()), ['(compressed)', 'value', 'hello'])
  t.equal(log[0], 'hold')
  t.equal(log.at(-1), 'go on')
  way.push(Buffer.from([0x83, 0x01, 0x41]))
  t.equal(log.at(-1), 'lost', 'from here on nothing can be told')
})

t.test('however bytes are cut, the client gets the same messages', async () => {
  const message = fc.constantFrom('hello', 'KEY', 'a KEY b', 'twice', '', 'x'.repeat(200))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(message, fc.nat(5)), { maxLength: 6 }),
      fc.array(fc.nat(500), { maxLength: 20 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(
          messages.flatMap(([value, at]) =>
            at === 0 || value.length < at
              ? [text(value)]
              : [
                  fragment(value.slice(0, at), { isFirst: true, isLast: false }),
                  ping,
                  fragment(value.slice(at), { isFirst: false, isLast: true }),
                ],
          ),
        )
        const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort(
          (a, b) => a - b,
        )
        const opened = open()
        for (const [index, end] of places.slice(1).entries()) opened.way.push(bytes.subarray(places[index], end))
        const expected = messages.flatMap(
          ([value]) => restore(Buffer.from(value))?.map((each) => Buffer.from(each).toString()) ?? [value],
        )
        return JSON.stringify(messagesIn(opened.bytes())) === JSON.stringify(expected)
      },
    ),
  )
})
