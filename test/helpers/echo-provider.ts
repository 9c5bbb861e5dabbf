/** Providers that say again what stood in the prompt, in pieces, as each dialect streams it. */
import type { IncomingMessage, ServerResponse } from 'node:http'

export type EchoDialect = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini' | 'gemini-code-assist'

export interface EchoShape {
  readonly host: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** A first request with this prompt. */
  readonly request: (prompt: string, isStream: boolean) => Readonly<Record<string, unknown>>
  /** Events of an answer: a text, and a call with these arguments. */
  readonly events: (said: {
    readonly text: readonly string[]
    readonly args: readonly string[]
  }) => readonly (readonly [name: string | null, data: unknown])[]
  readonly whole: (said: { readonly text: string; readonly args: string }) => unknown
  /** What a client makes of events. */
  readonly read: (events: readonly Json[]) => { readonly text: string; readonly args: string }
  readonly readWhole: (body: Json) => { readonly text: string; readonly args: string }
}

export type Json = Readonly<Record<string, unknown>>

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : [])
/** A member of members. */
export const inside = (value: unknown, ...keys: readonly (string | number)[]): unknown =>
  keys.reduce<unknown>((at, key) => (at as Readonly<Record<string | number, unknown>> | undefined)?.[key], value)
const join = (values: readonly unknown[]): string => values.filter((value) => typeof value === 'string').join('')

const named = (events: readonly Json[]): [string | null, unknown][] =>
  events.map((event) => [String(event['type']), event])

const gemini = (wrap: (answer: Json) => Json): Pick<EchoShape, 'events' | 'whole' | 'read' | 'readWhole'> => {
  const part = (parts: readonly unknown[], more: Json = {}): Json =>
    wrap({ candidates: [{ index: 0, content: { role: 'model', parts }, ...more }], modelVersion: 'gemini-x' })
  const readOne = (event: Json): { text: string; args: unknown } => {
    const parts = list(inside(event['response'] ?? event, 'candidates', 0, 'content', 'parts'))
    return {
      text: join(parts.map(({ text, thought }) => (thought === true ? '' : text))),
      args: parts.map((each) => inside(each, 'functionCall', 'args')).find((args) => args !== undefined),
    }
  }
  const read = (events: readonly Json[]): { text: string; args: string } => {
    const read = events.map(readOne)
    return { text: join(read.map(({ text }) => text)), args: JSON.stringify(read.find(({ args }) => args)?.args) }
  }
  const call = (args: string) => ({ functionCall: { name: 'write', args: JSON.parse(args) as unknown } })
  return {
    events: ({ text, args }) => [
      [null, part([{ text: 'thinking', thought: true, thoughtSignature: 'c2ln' }])],
      ...text.map((each) => [null, part([{ text: each }])] as [null, unknown]),
      [null, part([call(args.join(''))], { finishReason: 'STOP' })],
    ],
    whole: ({ text, args }) => part([{ text }, call(args)], { finishReason: 'STOP' }),
    read,
    readWhole: (body) => read([body]),
  }
}

const responseItem = (said: { text: string; args: string }): Json[] => [
  { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: said.text, annotations: [] }] },
  { type: 'function_call', call_id: 'call_1', name: 'write', arguments: said.args },
]

export const ECHO: Readonly<Record<EchoDialect, EchoShape>> = {
  'anthropic-messages': {
    host: 'api.anthropic.com',
    path: '/v1/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    request: (prompt, stream) => ({ model: 'c', max_tokens: 9, stream, messages: [{ role: 'user', content: prompt }] }),
    events: ({ text, args }) =>
      named([
        { type: 'message_start', message: { id: 'm', model: 'c', content: [], usage: { input_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        ...text.map((each) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: each } })),
        { type: 'content_block_stop', index: 0 },
        {
          type: 'content_block_start',
          index: 1,
          content_block: { type: 'tool_use', id: 't', name: 'write', input: {} },
        },
        ...args.map((json) => ({
          type: 'content_block_delta',
          index: 1,
          delta: { type: 'input_json_delta', partial_json: json },
        })),
        { type: 'content_block_stop', index: 1 },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
        { type: 'message_stop' },
      ]),
    whole: ({ text, args }) => ({
      type: 'message',
      content: [
        { type: 'text', text },
        { type: 'tool_use', id: 't', name: 'write', input: JSON.parse(args) as unknown },
      ],
    }),
    read: (events) => ({
      text: join(events.map((event) => inside(event, 'delta', 'text'))),
      args: join(events.map((event) => inside(event, 'delta', 'partial_json'))),
    }),
    readWhole: (body) => ({
      text: String(inside(body, 'content', 0, 'text')),
      args: JSON.stringify(inside(body, 'content', 1, 'input')),
    }),
  },
  'openai-chat': {
    host: 'api.openai.com',
    path: '/v1/chat/completions',
    headers: {},
    request: (prompt, stream) => ({ model: 'g', stream, messages: [{ role: 'user', content: prompt }] }),
    events: ({ text, args }) => {
      const chunk = (delta: unknown, finish_reason: string | null = null): [null, unknown] => [
        null,
        { id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] },
      ]
      return [
        chunk({ role: 'assistant', content: '' }),
        ...text.map((content) => chunk({ content })),
        chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'write', arguments: '' } }] }),
        ...args.map((json) => chunk({ tool_calls: [{ index: 0, function: { arguments: json } }] })),
        chunk({}, 'tool_calls'),
        [null, '[DONE]'],
      ]
    },
    whole: ({ text, args }) => ({
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text,
            tool_calls: [{ id: 'c1', function: { name: 'write', arguments: args } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    }),
    read: (events) => ({
      text: join(events.map((event) => inside(event, 'choices', 0, 'delta', 'content'))),
      args: join(events.map((event) => inside(event, 'choices', 0, 'delta', 'tool_calls', 0, 'function', 'arguments'))),
    }),
    readWhole: (body) => ({
      text: String(inside(body, 'choices', 0, 'message', 'content')),
      args: String(inside(body, 'choices', 0, 'message', 'tool_calls', 0, 'function', 'arguments')),
    }),
  },
  'openai-responses': {
    host: 'api.openai.com',
    path: '/v1/responses',
    headers: { originator: 'codex_exec' },
    request: (prompt, stream) => ({
      model: 'g',
      stream,
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }],
    }),
    events: ({ text, args }) => {
      const output = responseItem({ text: text.join(''), args: args.join('') })
      const response = { id: 'resp_1', object: 'response', model: 'g', output: [] }
      return named([
        { type: 'response.created', response },
        ...text.map((delta) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta })),
        { type: 'response.output_text.done', output_index: 0, content_index: 0, text: text.join('') },
        { type: 'response.output_item.done', output_index: 0, item: output[0] },
        ...args.map((delta) => ({ type: 'response.function_call_arguments.delta', output_index: 1, delta })),
        { type: 'response.function_call_arguments.done', output_index: 1, arguments: args.join('') },
        { type: 'response.output_item.done', output_index: 1, item: output[1] },
        { type: 'response.completed', response: { ...response, output, usage: { input_tokens: 1, output_tokens: 1 } } },
      ])
    },
    whole: (said) => ({ id: 'resp_1', object: 'response', model: 'g', output: responseItem(said) }),
    read: (events) => {
      const of = (type: string): string =>
        join(events.filter((each) => each['type'] === type).map(({ delta }) => delta))
      return { text: of('response.output_text.delta'), args: of('response.function_call_arguments.delta') }
    },
    readWhole: (body) => ({
      text: String(inside(body, 'output', 0, 'content', 0, 'text')),
      args: String(inside(body, 'output', 1, 'arguments')),
    }),
  },
  gemini: {
    host: 'generativelanguage.googleapis.com',
    path: '/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
    headers: {},
    request: (prompt) => ({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }),
    ...gemini((answer) => answer),
  },
  'gemini-code-assist': {
    host: 'cloudcode-pa.googleapis.com',
    path: '/v1internal:streamGenerateContent?alt=sse',
    headers: {},
    request: (prompt) => ({ model: 'gemini-x', request: { contents: [{ role: 'user', parts: [{ text: prompt }] }] } }),
    ...gemini((answer) => ({ response: answer })),
  },
}

/** Events as a stream of bytes. */
export const sseText = (events: readonly (readonly [string | null, unknown])[]): string =>
  events
    .map(([name, data]) => {
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      return `${name === null ? '' : `event: ${name}\n`}data: ${text}\n\n`
    })
    .join('')

/** The objects of a stream of events, as a client reads them. */
export const eventsOf = (text: string): Json[] =>
  text
    .split('\n\n')
    .map((event) => /^data: (.*)$/mu.exec(event)?.[1] ?? '')
    .filter((data) => data.startsWith('{'))
    .map((data) => JSON.parse(data) as Json)

/** A text in pieces of `size` units. */
export const piecesOf = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, index * size + size))

/** All of a request's body. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Writes bytes a few at a time, each in a packet of its own as far as the kernel lets it. */
export async function writeSlowly(
  response: Pick<ServerResponse, 'write' | 'end'>,
  bytes: Buffer,
  size: number,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size))
    await new Promise((resolve) => setImmediate(resolve))
  }
  response.end()
}
