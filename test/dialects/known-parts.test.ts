import fc from 'fast-check'
import t from 'tap'
import type { PartsMemory, TextParts } from '../../src/dialects/dialect.ts'
import { PIECE_BYTES } from '../../src/dialects/known-parts.ts'
import { dialectById } from '../../src/dialects/registry.ts'
import type { DialectId } from '../../src/domain/tool.ts'
import { createPartsMemory } from '../../src/inspect/memo.ts'

const memoryOf = (): PartsMemory => createPartsMemory(Buffer.alloc(32, 7))
const DIALECTS: readonly DialectId[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'generic']

const read = (body: Uint8Array, memory?: PartsMemory, dialect: DialectId = 'anthropic-messages'): TextParts =>
  dialectById(dialect).textParts(body, 'application/json', memory)

/** All that a body was read as; fields are written out. */
const shown = (result: TextParts): unknown =>
  result.ok
    ? {
        ...result,
        parts: result.parts.map(({ start, end, escaping, field, isEditable, isName, isJson }) =>
          [start, end, escaping, field, isEditable, isName, isJson].join(' '),
        ),
      }
    : result

/** Messages as clients send them, each of about `length` letters. */
const conversation = (count: number, length = 5000): Buffer =>
  Buffer.from(
    JSON.stringify({
      model: 'claude',
      messages: Array.from({ length: count }, (_, at) => ({
        role: at % 2 === 0 ? 'user' : 'assistant',
        content: [{ type: 'text', text: `${at} ${'one\n'.repeat(length / 5)}` }],
      })),
    }),
  )

const partOf = (result: TextParts, at: number): unknown => (result.ok ? result.parts[at] : null)

t.test('what a longer body begins with is not read again', async (t) => {
  const memory = memoryOf()
  const first = read(conversation(40), memory)
  const next = read(conversation(41), memory)
  t.equal(partOf(next, 0), partOf(first, 0), 'the same object')
  t.equal(partOf(next, 30), partOf(first, 30))
  t.not(partOf(next, 40), null)
  t.strictSame(shown(next), shown(read(conversation(41))))
  t.not(partOf(read(conversation(41), memoryOf()), 0), partOf(first, 0), 'another memory knows nothing')
})

t.test('texts longer than a piece are passed over as a whole', async (t) => {
  const memory = memoryOf()
  const first = read(conversation(3, 3 * PIECE_BYTES), memory)
  const next = read(conversation(4, 3 * PIECE_BYTES), memory)
  t.equal(partOf(next, 1), partOf(first, 1))
  t.strictSame(shown(next), shown(read(conversation(4, 3 * PIECE_BYTES))))
})

t.test('from where a body differs it is read, and so it is under the keys of another dialect', async (t) => {
  const memory = memoryOf()
  const body = conversation(40)
  const first = read(body, memory)
  const other = Buffer.from(body)
  const at = body.indexOf('"20 one')
  other.write('"20 ONE', at)
  t.equal(partOf(read(other, memory), 2), partOf(first, 2))
  t.not(partOf(read(other, memory), 39), partOf(first, 39))
  t.not(partOf(read(body, memory, 'openai-chat'), 0), partOf(first, 0))
})

t.test('a body that is no document, a short one, and one with data for names are not remembered', async (t) => {
  const kept: string[] = []
  const memory: PartsMemory = { ...memoryOf(), set: (name) => kept.push(name) }
  read(conversation(40).subarray(0, -1), memory)
  read(conversation(2), memory)
  read(Buffer.from(`{"jane@example.org":"x","a":${JSON.stringify('x'.repeat(2 * PIECE_BYTES))},"b":[]}`), memory)
  read(Buffer.from(`{"model":"${'m'.repeat(2000)}","a":["${'x'.repeat(2 * PIECE_BYTES)}",[]],"b":[]}`), memory)
  t.strictSame(kept, [])
  read(Buffer.from(JSON.stringify(Array(100_000).fill('abc'))), memory)
  t.ok(kept.length <= 1, 'thousands of tiny texts neither, but for the first')
})

t.test('what follows a piece decides what ends at its end', async (t) => {
  const memory = memoryOf()
  for (let over = -3; over <= 3; over += 1) {
    const start = `{"a":"${'x'.repeat(PIECE_BYTES - 15 + over)}","n":[12`
    t.ok(Math.abs(start.length - PIECE_BYTES) < 10)
    for (const rest of [',"y"]}', '3,"y"]}', '.5,"y"]}', ',"yz"]}', ' "y"]}']) {
      const body = Buffer.from(start + rest)
      t.strictSame(shown(read(body, memory)), shown(read(body)), `${start.slice(-3)}${rest} ${over}`)
    }
  }
})

t.test('with a memory as without one, whatever bodies came before and wherever they differ', async (t) => {
  const text = fc.oneof(
    fc.integer({ min: 0, max: 50_000 }).map((length) => 'text\n'.repeat(length / 5)),
    fc.constantFrom('', 'é\\"\ud83d\ude00', 'x'.repeat(300)),
  )
  const leaf = fc.oneof(text, fc.constantFrom<unknown>(null, true, -1.5e3, 12345, [], {}, [[['deep']]]))
  const content = fc.oneof(
    leaf,
    fc.record({ type: fc.constantFrom('text', 'thinking', 'redacted_thinking'), text: leaf, thinking: leaf }),
    fc.record({ type: fc.constant('tool_use'), input: fc.dictionary(fc.constantFrom('a', 'id', 'b c'), leaf) }),
    fc.record({ source: fc.record({ data: fc.constant(`iVBORw0KGgo${'A'.repeat(70_000)}`) }) }),
    fc.record({ arguments: text.map((value) => JSON.stringify({ value })) }),
  )
  const message = fc.record({
    role: fc.constantFrom('user', 'assistant'),
    content: fc.array(content, { maxLength: 4 }),
  })
  const edit = fc.record({
    at: fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }).map((share) => (length: number) => share * length),
      fc.tuple(fc.nat(3), fc.integer({ min: -5, max: 2000 })).map(
        ([piece, off]) =>
          () =>
            piece * PIECE_BYTES + off,
      ),
    ),
    cut: fc.constantFrom(0, 0, 1, 5, 100_000),
    insert: fc.constantFrom('', 'x', '"', ',', '1', '","id":"', '\\', '{}', 'a'.repeat(70_000), '\xff'),
  })
  const step = fc.record({ more: fc.array(message, { maxLength: 3 }), edit: fc.option(edit, { freq: 3 }) })
  const head = fc.constantFrom<object>({}, { model: 'm' }, { previous_response_id: 'resp_1', model: 'm' })
  const run = fc.record({
    head,
    indent: fc.constantFrom(undefined, 1),
    steps: fc.array(step, { minLength: 2, maxLength: 4 }),
    dialects: fc.array(fc.constantFrom(...DIALECTS), { minLength: 1, maxLength: 2 }),
  })
  let documents = 0
  let remembered = 0
  fc.assert(
    fc.property(run, ({ head, indent, steps, dialects }) => {
      const real = memoryOf()
      const memory: PartsMemory = {
        ...real,
        get: (name) => {
          const piece = real.get(name)
          if (piece !== undefined) remembered += 1
          return piece
        },
      }
      const messages: unknown[] = []
      return steps.every(({ more, edit }, turn) => {
        messages.push(...more)
        const whole = Buffer.from(JSON.stringify({ ...head, messages, input: messages, last: turn }, null, indent))
        const from = Math.max(0, Math.floor(edit?.at(whole.length) ?? 0))
        const edited =
          edit === null
            ? whole
            : Buffer.concat([
                whole.subarray(0, from),
                Buffer.from(edit.insert, 'latin1'),
                whole.subarray(from + edit.cut),
              ])
        return [whole, edited].every((body) => {
          const dialect = dialects[turn % dialects.length] ?? 'generic'
          const wanted = read(body, undefined, dialect)
          if (wanted.ok) documents += 1
          return JSON.stringify(shown(read(body, memory, dialect))) === JSON.stringify(shown(wanted))
        })
      })
    }),
    { numRuns: 40 },
  )
  t.ok(documents > 30, `${documents} documents`)
  t.ok(remembered > 30, `${remembered} pieces were known`)
})
