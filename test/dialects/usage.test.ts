import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import type { Usage } from '../../src/dialects/dialect.ts'
import { dialectById } from '../../src/dialects/registry.ts'
import { createUsageReader, USAGE_MAX_EVENT_BYTES, USAGE_MAX_JSON_BYTES } from '../../src/dialects/usage.ts'
import type { DialectId } from '../../src/domain/tool.ts'
import { bedrockChunk, bedrockEvent, eventStreamMessage } from '../helpers/event-stream.ts'
import { readCases } from './read-cases.ts'

interface Row {
  readonly name: string
  readonly dialect: DialectId
  readonly type?: string
  readonly body: Buffer
  readonly usage: Usage
}

interface WrittenRow extends Omit<Row, 'body'> {
  readonly body?: string
  /** Messages of an AWS event stream, in place of `body`: a vendor's piece in Bedrock's envelope, or an event. */
  readonly frames?: readonly { readonly chunk?: unknown; readonly event?: string; readonly value?: unknown }[]
}

const ROWS = readCases<WrittenRow>('dialects-usage.yaml').map(({ body = '', frames, ...row }): Row => {
  if (frames === undefined) return { ...row, body: Buffer.from(body) }
  const bytes = frames.map(({ chunk, event = 'chunk', value }) =>
    chunk === undefined ? bedrockEvent(event, value) : bedrockChunk(chunk),
  )
  return { ...row, type: 'application/vnd.amazon.eventstream', body: Buffer.concat(bytes) }
})

function usageOf(row: Row, chunks: readonly Uint8Array[]): Usage {
  const reader = dialectById(row.dialect).usageReader(row.type ?? 'text/event-stream')
  for (const chunk of chunks) reader.push(chunk)
  return reader.end()
}

t.test('model and tokens of a response are those of the table', async (t) => {
  for (const row of ROWS) t.strictSame(usageOf(row, [row.body]), row.usage, row.name)
})

t.test('they are the same however the response is cut', async (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...ROWS), fc.array(fc.nat(), { maxLength: 8 }), (row, places) => {
      const bytes = row.body
      const at = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b)
      const chunks = at.map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
      return JSON.stringify(usageOf(row, chunks)) === JSON.stringify(row.usage)
    }),
    { numRuns: 500 },
  )
  t.pass('500 cuts')
})

t.test('a chunk that its sender reuses is not remembered by reference', async (t) => {
  const [row] = ROWS
  if (row === undefined) throw new Error('no rows')
  const chunk = Buffer.alloc(1)
  const reader = dialectById(row.dialect).usageReader('text/event-stream')
  for (const byte of row.body) {
    chunk[0] = byte
    reader.push(chunk)
  }
  t.strictSame(reader.end(), row.usage)
})

t.test('a JSON body beyond the limit is not kept and says nothing', async (t) => {
  const reader = createUsageReader('application/json', { signs: [], read: () => ({ model: 'read' }) })
  reader.push(Buffer.from('{"a":"'))
  for (let size = 0; size <= USAGE_MAX_JSON_BYTES; size += 65536) reader.push(Buffer.alloc(65536, 'x'))
  reader.push(Buffer.from('"}'))
  t.strictSame(reader.end(), { model: null, tokensIn: null, tokensOut: null })
})

t.test('deltas without a sign are never parsed', async (t) => {
  let parsed = 0
  const reader = createUsageReader('text/event-stream', {
    signs: ['"usage"'],
    read: () => {
      parsed += 1
      return {}
    },
  })
  reader.push(Buffer.from('data: {"delta":"x"}\n\n'.repeat(100)))
  reader.push(Buffer.from('data: {"usage":{}}\n\n'))
  reader.end()
  t.equal(parsed, 1)
})

t.test(
  'a frame with a wrong checksum ends the reading, not the stream; one beyond the limit is passed over',
  async (t) => {
    const first = bedrockChunk({ usage: { input_tokens: 1, output_tokens: 1 } })
    const last = bedrockChunk({ usage: { input_tokens: 9, output_tokens: 9 } })
    const broken = Buffer.from(first)
    broken[20] = (broken[20] ?? 0) ^ 1
    const large = eventStreamMessage({ payload: Buffer.alloc(USAGE_MAX_EVENT_BYTES, 'x') })
    const read = (...frames: Buffer[]): Usage => {
      const reader = dialectById('bedrock').usageReader('application/vnd.amazon.eventstream')
      for (const frame of frames) reader.push(frame)
      return reader.end()
    }
    t.match(read(first, broken, last), { tokensIn: 1, tokensOut: 1 })
    t.match(read(first, large, last), { tokensIn: 9, tokensOut: 9 })
    t.match(read(bedrockEvent('chunk', { bytes: 7 }), bedrockEvent('chunk', { bytes: 'no base64!' }), last), {
      tokensIn: 9,
    })
  },
)
