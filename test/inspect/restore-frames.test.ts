import fc from 'fast-check'
import t from 'tap'
import { bedrockRestorePoints } from '../../src/dialects/bedrock-restore.ts'
import { RESTORE_EVENT_BYTES } from '../../src/inspect/body-restorer.ts'
import { FrameRestorer } from '../../src/inspect/restore-frames.ts'
import { createEventStreamParser } from '../../src/wire/aws-eventstream.ts'
import { bedrockChunk, bedrockEvent, eventStreamMessage } from '../helpers/event-stream.ts'
import { KEY, oneValue, VALUE } from './one-value.ts'

function restore(bytes: Buffer, cuts: readonly number[] = []) {
  const warned: string[] = []
  const restorer = new FrameRestorer({
    contentType: 'application/vnd.amazon.eventstream',
    room: () => false,
    onUnrestored: (why) => warned.push(why),
    rules: oneValue(bedrockRestorePoints),
  })
  const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  const out = places.slice(1).map((end, index) => {
    const given = Buffer.from(bytes.subarray(places[index], end))
    const piece = Buffer.from(restorer.push(given))
    given.fill(0)
    return piece
  })
  return { bytes: Buffer.concat([...out, Buffer.from(restorer.end())]), warned }
}

/** What a client of the SDK reads; it checks every checksum. */
function read(bytes: Buffer): { events: unknown[]; error: string | null; isWhole: boolean } {
  const events: unknown[] = []
  const parser = createEventStreamParser(({ payload }) => {
    const value = JSON.parse(payload.toString()) as { bytes?: string }
    events.push(value.bytes === undefined ? value : JSON.parse(Buffer.from(value.bytes, 'base64').toString()))
  }, 10 * RESTORE_EVENT_BYTES)
  return { error: parser.push(bytes), events, isWhole: parser.isAtBoundary() }
}

const converse = (text: string): Buffer =>
  bedrockEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text }, p: 'ab' })
const STOP = bedrockEvent('contentBlockStop', { contentBlockIndex: 0 })
const invoked = (text: string): Buffer =>
  bedrockChunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
const INVOKED_STOP = bedrockChunk({ type: 'content_block_stop', index: 0 })

for (const [name, message, stop] of [
  ['converse', converse, STOP],
  ['invoke, in its envelope', invoked, INVOKED_STOP],
] as const) {
  t.test(`${name}: however texts and bytes are cut, the client reads his own text and right checksums`, async () => {
    const words = fc.array(fc.constantFrom(KEY, 'WEI', 'W', ' a ', '\u00e9', KEY.slice(0, 9), KEY.slice(9)), {
      minLength: 1,
      maxLength: 7,
    })
    fc.assert(
      fc.property(words, fc.array(fc.nat(5000), { maxLength: 30 }), (texts, cuts) => {
        const { bytes } = restore(Buffer.concat([...texts.map(message), stop]), cuts)
        const { events, error, isWhole } = read(bytes)
        const text = events.map((event) => (event as { delta?: { text?: string } }).delta?.text ?? '').join('')
        return error === null && isWhole && text === texts.join('').replaceAll(KEY, () => VALUE)
      }),
      { numRuns: 300 },
    )
  })
}

t.test('arguments stay JSON, and what holds no placeholder is the bytes that came', async (t) => {
  const args = JSON.stringify({ content: `${KEY}\n` })
  const pieces = [args.slice(0, 15), args.slice(15)].map((input) =>
    bedrockEvent('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input } } }),
  )
  const { events } = read(
    restore(Buffer.concat([...pieces, STOP, bedrockEvent('messageStop', { stopReason: 'x' })])).bytes,
  )
  const joined = events
    .map((event) => (event as { delta?: { toolUse?: { input?: string } } }).delta?.toolUse?.input ?? '')
    .join('')
  t.strictSame(JSON.parse(joined), { content: `${VALUE}\n` })
  const plain = Buffer.concat([converse('Where?'), STOP, eventStreamMessage({ payload: 'WEIR is no JSON' })])
  t.ok(restore(plain).bytes.equals(plain))
})

t.test('a stream that ends inside a message loses nothing, and one that is too long passes', async (t) => {
  const cut = Buffer.concat([converse('x WE'), STOP.subarray(0, 20)])
  const { bytes } = restore(cut)
  t.ok(bytes.subarray(-20).equals(STOP.subarray(0, 20)))
  const long = converse('W'.repeat(RESTORE_EVENT_BYTES))
  const passed = restore(Buffer.concat([long, converse(KEY), STOP]))
  t.strictSame(passed.warned, ['oversize'])
  t.match(read(passed.bytes).events[1], { delta: { text: VALUE } })
})
