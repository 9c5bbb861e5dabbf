import fc from 'fast-check'
import t from 'tap'
import { anthropicRestorePoints } from '../../src/dialects/anthropic-restore.ts'
import { geminiRestorePoints } from '../../src/dialects/gemini-restore.ts'
import { openaiChatRestorePoints } from '../../src/dialects/openai-chat-restore.ts'
import { openaiResponsesRestorePoints } from '../../src/dialects/openai-responses-restore.ts'
import type { RestorePointsOf } from '../../src/dialects/restore-points.ts'
import { EventRestorer, type EventRules, restoreWhole } from '../../src/inspect/restore-event.ts'

const KEY = 'WEIRABCDEFGHIJKL'
const NOTE = 'WEIR234567WEIRAB'
/** With all that JSON escapes, and with the prefix in it. */
const VALUES: Readonly<Record<string, string>> = { [KEY]: 'sk-"real"\\\nWEIR', [NOTE]: 'ann@corp.de' }
const real = (text: string): string =>
  text.replaceAll(KEY, () => VALUES[KEY] ?? '').replaceAll(NOTE, VALUES[NOTE] ?? '')

function rulesOf(
  pointsOf: RestorePointsOf,
): EventRules & { counts: { restored: number; misses: number }; ids: string[] } {
  const counts = { restored: 0, misses: 0 }
  const ids: string[] = []
  return {
    counts,
    ids,
    pointsOf,
    historySigns: ['"response'],
    onHistory: (id) => ids.push(id),
    book: {
      prefix: 'WEIR',
      valueOf: (placeholder) => VALUES[placeholder] ?? null,
      onRestored: () => (counts.restored += 1),
      onMiss: () => (counts.misses += 1),
    },
  }
}

type Json = Readonly<Record<string, unknown>>

/** What a client gets for events, with the number of the event that caused it. */
function run(pointsOf: RestorePointsOf, events: readonly unknown[]) {
  const rules = rulesOf(pointsOf)
  const restorer = new EventRestorer<number>(rules, (frame) => frame)
  const out: { readonly event: Json; readonly frame: number; readonly isSame: boolean }[] = []
  const add = (data: Buffer, frame: number, isSame: boolean): void => {
    const text = data.toString()
    out.push({ event: text.startsWith('{') ? (JSON.parse(text) as Json) : { text }, frame, isSame })
  }
  for (const [frame, event] of events.entries()) {
    const data = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event))
    const given = { data, frame }
    const sent = restorer.isOfInterest(data) ? restorer.push(given) : null
    if (sent === null) add(data, frame, true)
    else for (const each of sent) add(each.data, each.frame, each === given)
  }
  for (const each of restorer.end()) add(each.data, each.frame, false)
  return { out, rules }
}

/** How each dialect streams a text and the arguments of a call, and how a client puts them together again. */
interface Streaming {
  readonly name: string
  readonly pointsOf: RestorePointsOf
  readonly text: (pieces: readonly string[]) => unknown[]
  readonly args: ((pieces: readonly string[]) => unknown[]) | null
  readonly read: (events: readonly Json[]) => { readonly text: string; readonly args: string }
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const inside = (value: unknown, ...keys: string[]): unknown =>
  keys.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], value)
const join = (values: readonly unknown[]): string => values.filter((value) => typeof value === 'string').join('')

const STREAMS: readonly Streaming[] = [
  {
    name: 'anthropic-messages',
    pointsOf: anthropicRestorePoints,
    text: (pieces) => [
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      { type: 'content_block_stop', index: 0 },
    ],
    args: (pieces) => [
      { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't', name: 'Write', input: {} } },
      ...pieces.map((json) => ({
        type: 'content_block_delta',
        index: 1,
        delta: { type: 'input_json_delta', partial_json: json },
      })),
      { type: 'content_block_stop', index: 1 },
    ],
    read: (events) => ({
      text: join(events.map((event) => inside(event, 'delta', 'text'))),
      args: join(events.map((event) => inside(event, 'delta', 'partial_json'))),
    }),
  },
  {
    name: 'openai-chat',
    pointsOf: openaiChatRestorePoints,
    text: (pieces) => [
      ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
      { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      '[DONE]',
    ],
    args: (pieces) => [
      {
        choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '' } }] } }],
      },
      ...pieces.map((json) => ({
        choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: json } }] } }],
      })),
      { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    ],
    read: (events) => {
      const deltas = events.flatMap((event) => list(event['choices']).map((choice) => choice['delta']))
      return {
        text: join(deltas.map((delta) => inside(delta, 'content'))),
        args: join(
          deltas.flatMap((delta) =>
            list(inside(delta, 'tool_calls')).map((call) => inside(call, 'function', 'arguments')),
          ),
        ),
      }
    },
  },
  {
    name: 'openai-responses',
    pointsOf: openaiResponsesRestorePoints,
    text: (pieces) => [
      ...pieces.map((delta) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta })),
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: pieces.join('') },
    ],
    args: (pieces) => [
      ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', output_index: 1, delta })),
      { type: 'response.function_call_arguments.done', output_index: 1, arguments: pieces.join('') },
    ],
    read: (events) => ({
      text: join(events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta)),
      args: join(
        events.filter(({ type }) => type === 'response.function_call_arguments.delta').map(({ delta }) => delta),
      ),
    }),
  },
  {
    name: 'gemini',
    pointsOf: geminiRestorePoints,
    text: (pieces) => [
      ...pieces.map((text) => ({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }] })),
      { candidates: [{ index: 0, content: { parts: [{ text: '' }] }, finishReason: 'STOP' }] },
    ],
    args: null,
    read: (events) => ({
      text: join(
        events.flatMap((event) =>
          list(event['candidates']).flatMap((one) => list(inside(one, 'content', 'parts')).map(({ text }) => text)),
        ),
      ),
      args: '',
    }),
  },
]

for (const { name, pointsOf, text, args, read } of STREAMS) {
  t.test(
    `${name}: a text in pieces is restored, and an event without a placeholder is the one that came`,
    async (t) => {
      const { out, rules } = run(
        pointsOf,
        text(['Hello, ', `the key ${KEY.slice(0, 7)}`, `${KEY.slice(7)} is`, ' yours']),
      )
      t.equal(read(out.map(({ event }) => event)).text, real(`Hello, the key ${KEY} is yours`))
      t.strictSame(rules.counts, { restored: 1, misses: 0 })
      t.ok(out.filter(({ isSame }) => isSame).length >= 2)
    },
  )

  t.test(
    `${name}: a tail that never became a placeholder comes before the block's end, in an event of its kind`,
    async (t) => {
      const { out } = run(pointsOf, text(['one WEI', 'RAB']))
      t.equal(read(out.map(({ event }) => event)).text, 'one WEIRAB')
      t.strictSame(
        out.map(({ frame }) => frame).toSorted((a, b) => a - b),
        out.map(({ frame }) => frame),
      )
    },
  )

  t.test(
    `${name}: however text and arguments are cut, the client reads his own values, and JSON stays JSON`,
    async () => {
      const words = fc.array(fc.constantFrom(KEY, NOTE, 'WEI', 'W', 'WEIRAB', ' a ', '"', '\\', '\n', 'é😀', 'x'), {
        maxLength: 8,
      })
      fc.assert(
        fc.property(words, fc.array(fc.nat(400), { maxLength: 12 }), (parts, cuts) => {
          const cut = (whole: string): string[] => {
            const places = [...new Set([0, ...cuts.map((place) => place % (whole.length + 1)), whole.length])]
            places.sort((a, b) => a - b)
            return places.slice(1).map((end, index) => whole.slice(places[index], end))
          }
          const said = parts.join('')
          const call = JSON.stringify({ path: 'a.txt', content: said })
          const events = [...text(cut(said)), ...(args === null ? [] : args(cut(call)))]
          const seen = read(run(pointsOf, events).out.map(({ event }) => event))
          if (seen.text !== real(said)) return false
          return args === null || (JSON.parse(seen.args) as Json)['content'] === real(said)
        }),
        { numRuns: 400 },
      )
    },
  )
}

t.test('thinking, signatures and reasoning are never touched', async (t) => {
  const rows: readonly (readonly [RestorePointsOf, unknown])[] = [
    [
      anthropicRestorePoints,
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: KEY } },
    ],
    [
      anthropicRestorePoints,
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: KEY } },
    ],
    [
      anthropicRestorePoints,
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: KEY, signature: KEY } },
    ],
    [
      anthropicRestorePoints,
      {
        type: 'message',
        content: [
          { type: 'thinking', thinking: KEY, signature: KEY },
          { type: 'redacted_thinking', data: KEY },
        ],
      },
    ],
    [openaiChatRestorePoints, { choices: [{ index: 0, delta: { reasoning_content: KEY, reasoning: KEY } }] }],
    [openaiResponsesRestorePoints, { type: 'response.reasoning_text.delta', output_index: 0, delta: KEY }],
    [openaiResponsesRestorePoints, { type: 'response.reasoning_summary_text.done', output_index: 0, text: KEY }],
    [
      openaiResponsesRestorePoints,
      {
        type: 'response.output_item.done',
        item: { type: 'reasoning', summary: [{ text: KEY }], encrypted_content: KEY },
      },
    ],
    [
      geminiRestorePoints,
      {
        candidates: [
          {
            content: {
              parts: [
                { text: KEY, thought: true },
                { thoughtSignature: KEY, text: '' },
              ],
            },
          },
        ],
      },
    ],
  ]
  for (const [pointsOf, event] of rows) {
    const { out } = run(pointsOf, [event])
    t.strictSame(
      out.map((each) => each.event),
      [event],
      JSON.stringify(event).slice(0, 60),
    )
  }
})

t.test('two blocks at once keep their tails apart', async (t) => {
  const delta = (index: number, text: string) => ({
    type: 'content_block_delta',
    index,
    delta: { type: 'text_delta', text },
  })
  const { out } = run(anthropicRestorePoints, [
    delta(0, KEY.slice(0, 5)),
    delta(1, NOTE.slice(0, 9)),
    delta(0, KEY.slice(5)),
    { type: 'content_block_stop', index: 0 },
    delta(1, NOTE.slice(9)),
    { type: 'content_block_stop', index: 1 },
  ])
  const of = (index: number): string =>
    join(out.filter(({ event }) => event['index'] === index).map(({ event }) => inside(event, 'delta', 'text')))
  t.equal(of(0), VALUES[KEY])
  t.equal(of(1), VALUES[NOTE])
})

t.test('an event that repeats is restored and counted once; one that is unknown is a miss', async (t) => {
  const { out, rules } = run(openaiResponsesRestorePoints, [
    { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: `${KEY} WEIRAAAAAAAAAAAA ` },
    { type: 'response.output_text.done', output_index: 0, content_index: 0, text: `${KEY} WEIRAAAAAAAAAAAA ` },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'message', content: [{ type: 'output_text', text: KEY }] },
    },
    {
      type: 'response.completed',
      response: { id: 'resp_1', output: [{ type: 'message', content: [{ type: 'output_text', text: KEY }] }] },
    },
  ])
  t.strictSame(rules.counts, { restored: 1, misses: 1 })
  t.strictSame(rules.ids, ['resp_1', 'resp_1'])
  t.notMatch(JSON.stringify(out), KEY)
})

t.test('an end of the stream without an end of the block lets the tail go', async (t) => {
  const { out } = run(openaiChatRestorePoints, [{ choices: [{ index: 0, delta: { content: 'a WEIR' } }] }])
  t.match(out, [
    { event: { choices: [{ delta: { content: 'a ' } }] } },
    { event: { choices: [{ delta: { content: 'WEIR' } }] } },
  ])
})

t.test('a copy for a tail says nothing else again', async (t) => {
  const { out } = run(openaiChatRestorePoints, [
    {
      choices: [
        { index: 0, delta: { content: 'one' } },
        { index: 1, delta: { content: 'two WE' } },
      ],
    },
    { choices: [{ index: 1, delta: {}, finish_reason: 'stop' }] },
  ])
  t.match(out[1]?.event, { choices: [{ delta: { content: '' } }, { delta: { content: 'WE' } }] })
})

t.test('a whole body is restored as one', async (t) => {
  const rules = rulesOf(anthropicRestorePoints)
  const body = {
    type: 'message',
    content: [
      { type: 'text', text: `a ${KEY}` },
      { type: 'tool_use', id: 't', name: 'Write', input: { path: 'x', content: [KEY, { [NOTE]: NOTE }] } },
    ],
  }
  const restored = restoreWhole(Buffer.from(JSON.stringify(body)), rules)
  t.strictSame(JSON.parse(String(restored)), {
    type: 'message',
    content: [
      { type: 'text', text: real(`a ${KEY}`) },
      {
        type: 'tool_use',
        id: 't',
        name: 'Write',
        input: { path: 'x', content: [real(KEY), { [real(NOTE)]: real(NOTE) }] },
      },
    ],
  })
  t.equal(rules.counts.restored, 4)
  t.equal(restoreWhole(Buffer.from('{"type":"message","content":[]}'), rules), null, 'nothing to do')
  t.equal(restoreWhole(Buffer.from(KEY), rules), null, 'no JSON')
})
