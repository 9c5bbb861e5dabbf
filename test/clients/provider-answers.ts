/** What the providers answer, in their wire formats: one text, split over several stream events. */

/** Quotes, a backslash, angle brackets and Chinese: what a careless proxy would change. */
export const ANSWER = 'Seven herons stand on the weir: "dry" \\ <feet> & 鹭鸟.'
export const TOKENS = { in: 1717, out: 23 } as const

/** A line of its own behind the answer: what stood in place of the planted key, said again. Nothing without one. */
export function answerTo(body: string): string {
  const placeholder = /the key is (WEIR[A-Z2-7]{12})/u.exec(body)?.[1]
  return placeholder === undefined ? ANSWER : `${ANSWER}\nYour key: ${placeholder}`
}

/** In three pieces, the last in the middle of what is said again. */
const piecesOf = (text: string): readonly string[] => [text.slice(0, 9), text.slice(9, -7), text.slice(-7)]

const sse = (events: readonly (readonly [string | null, unknown])[]): string =>
  events
    .map(([name, data]) => {
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      return `${name === null ? '' : `event: ${name}\n`}data: ${text}\n\n`
    })
    .join('')

const named = (events: readonly ({ readonly type: string } & Record<string, unknown>)[]): string =>
  sse(events.map((event) => [event.type, event]))

export function anthropicMessage(model: string, text: string = ANSWER): Record<string, unknown> {
  return {
    id: 'msg_01weirtest',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: TOKENS.in, output_tokens: TOKENS.out },
  }
}

export function anthropicStream(model: string, answer: string = ANSWER): string {
  const usage = { input_tokens: TOKENS.in, output_tokens: 1 }
  return named([
    { type: 'message_start', message: { ...anthropicMessage(model), content: [], stop_reason: null, usage } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...piecesOf(answer).map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: TOKENS.out },
    },
    { type: 'message_stop' },
  ])
}

/** A call of one of the client's own tools, its arguments in pieces of seven units. */
export function anthropicToolCall(model: string, call: ToolCall): string {
  const json = JSON.stringify(call.input)
  const pieces = Array.from({ length: Math.ceil(json.length / 7) }, (_, index) => json.slice(index * 7, index * 7 + 7))
  const usage = { input_tokens: TOKENS.in, output_tokens: 1 }
  return named([
    // Messages of one id become one in the client's history.
    {
      type: 'message_start',
      message: { ...anthropicMessage(model), id: `msg_${call.name}`, content: [], stop_reason: null, usage },
    },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: `toolu_${call.name}`, name: call.name, input: {} },
    },
    ...pieces.map((partial_json) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json },
    })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: TOKENS.out },
    },
    { type: 'message_stop' },
  ])
}

export interface ToolCall {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}

/** Ends a prompt: the provider then writes the key to a file, looks for it there, and only then answers. */
export const WRITE_IT = 'and write it to a file'

/** The next call of that loop; `null`: it is over, or was not asked for. */
export function nextToolCall(body: string): ToolCall | null {
  const placeholder = /the key is (WEIR[A-Z2-7]{12})/u.exec(body)?.[1]
  const folder = /working directory: ([^\\"\s]+)/iu.exec(body)?.[1]
  if (placeholder === undefined || folder === undefined || !body.includes(WRITE_IT)) return null
  const file = `${folder}/key.txt`
  const results = body.match(/"type":"tool_result"/gu)?.length ?? 0
  if (results === 0) return { name: 'Write', input: { file_path: file, content: `key=${placeholder}\n` } }
  // Says whether the real key is there, and not what it is.
  return results === 1 ? { name: 'Bash', input: { command: `grep -c "^key=AKIA" ${file}` } } : null
}

const chatUsage = { prompt_tokens: TOKENS.in, completion_tokens: TOKENS.out, total_tokens: TOKENS.in + TOKENS.out }

export function chatCompletion(model: string, answer: string = ANSWER): Record<string, unknown> {
  const message = { role: 'assistant', content: answer }
  return {
    id: 'chatcmpl-weirtest',
    object: 'chat.completion',
    created: 1795341677,
    model,
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: chatUsage,
  }
}

export function chatStream(model: string, answer: string = ANSWER): string {
  const chunk = (delta: unknown, finish: string | null): Record<string, unknown> => ({
    id: 'chatcmpl-weirtest',
    object: 'chat.completion.chunk',
    created: 1795341677,
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  return sse([
    [null, chunk({ role: 'assistant', content: '' }, null)],
    ...piecesOf(answer).map((content) => [null, chunk({ content }, null)] as const),
    [null, chunk({}, 'stop')],
    [null, { ...chunk({}, null), choices: [], usage: chatUsage }],
    [null, '[DONE]'],
  ])
}

function geminiPart(text: string, isLast: boolean, model: string): Record<string, unknown> {
  return {
    candidates: [
      { content: { role: 'model', parts: [{ text }] }, index: 0, ...(isLast ? { finishReason: 'STOP' } : {}) },
    ],
    usageMetadata: {
      promptTokenCount: TOKENS.in,
      candidatesTokenCount: TOKENS.out,
      totalTokenCount: TOKENS.in + TOKENS.out,
    },
    modelVersion: model,
    responseId: 'weirtest',
  }
}

export const geminiContent = (model: string, answer: string = ANSWER): Record<string, unknown> =>
  geminiPart(answer, true, model)

export const geminiStream = (model: string, answer: string = ANSWER): string =>
  sse(piecesOf(answer).map((text, index, all) => [null, geminiPart(text, index === all.length - 1, model)]))

type ResponseEvent = { readonly type: string } & Record<string, unknown>

/** The events of OpenAI's responses API; over WebSocket each is one text message. `isPrewarm`: nothing is generated. */
export function responseEvents(model: string, isPrewarm: boolean, answer: string = ANSWER): readonly ResponseEvent[] {
  const id = isPrewarm ? 'resp_weirwarm' : 'resp_weirtest'
  const response = { id, object: 'response', created_at: 1795341677, model, status: 'in_progress', output: [] }
  const part = (text: string): unknown => ({ type: 'output_text', text, annotations: [], logprobs: [] })
  const item = (status: string, content: readonly unknown[]): unknown => ({
    id: 'msg_weirtest',
    type: 'message',
    status,
    role: 'assistant',
    content,
  })
  const place = { item_id: 'msg_weirtest', output_index: 0, content_index: 0 }
  const usage = {
    input_tokens: TOKENS.in,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: TOKENS.out,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: TOKENS.in + TOKENS.out,
  }
  const message: readonly ResponseEvent[] = [
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress', []) },
    { type: 'response.content_part.added', ...place, part: part('') },
    ...piecesOf(answer).map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text: answer, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: part(answer) },
    { type: 'response.output_item.done', output_index: 0, item: item('completed', [part(answer)]) },
  ]
  const output = isPrewarm ? [] : [item('completed', [part(answer)])]
  const events: readonly ResponseEvent[] = [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
    ...(isPrewarm ? [] : message),
    { type: 'response.completed', response: { ...response, status: 'completed', output, usage } },
  ]
  return events.map((event, index) => ({ ...event, sequence_number: index }))
}

/** The same as server-sent events. */
export const namedEvents = named
