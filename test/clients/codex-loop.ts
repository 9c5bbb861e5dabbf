/**
 * A provider that lets Codex write the key of the prompt to a file and look for it there, in OpenAI's responses API: over
 * WebSocket, where a request holds only what is new, and by POST, where it holds all.
 */
import { TOKENS, WRITE_IT } from './provider-answers.ts'

/** What was said in one conversation so far. */
export interface Conversation {
  text: string
}

type ResponseEvent = { readonly type: string } & Record<string, unknown>

/** The code that Codex is to run next, in its tool `exec`; `null`: it is over, or was not asked for. */
export function nextCode({ text }: Conversation): string | null {
  const placeholder = /the key is (WEIR[A-Z2-7]{12})/u.exec(text)?.[1]
  if (placeholder === undefined || !text.includes(WRITE_IT)) return null
  const results = text.match(/"type":"custom_tool_call_output"/gu)?.length ?? 0
  const command = [
    `printf 'key=%s' ${placeholder} > key.txt`,
    // Says whether the real key is there, and not what it is.
    'grep -c "^key=AKIA" key.txt',
  ][results]
  return command === undefined ? null : `text(await tools.exec_command({ cmd: ${JSON.stringify(command)} }))`
}

/** The events of an answer that calls the tool, its code in pieces of seven units. */
export function codeEvents(model: string, code: string, turn: number): readonly ResponseEvent[] {
  const response = { id: `resp_weircode${turn}`, object: 'response', created_at: 1795341677, model, output: [] }
  const item = (input: string, status: string): Record<string, unknown> => ({
    id: `ctc_weir${turn}`,
    type: 'custom_tool_call',
    call_id: `call_weir${turn}`,
    name: 'exec',
    namespace: 'functions',
    status,
    input,
  })
  const place = { item_id: `ctc_weir${turn}`, output_index: 0 }
  const pieces = Array.from({ length: Math.ceil(code.length / 7) }, (_, index) => code.slice(index * 7, index * 7 + 7))
  const usage = {
    input_tokens: TOKENS.in,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: TOKENS.out,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: TOKENS.in + TOKENS.out,
  }
  const done = item(code, 'completed')
  const events: readonly ResponseEvent[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: item('', 'in_progress') },
    ...pieces.map((delta) => ({ type: 'response.custom_tool_call_input.delta', ...place, delta })),
    { type: 'response.custom_tool_call_input.done', ...place, input: code },
    { type: 'response.output_item.done', output_index: 0, item: done },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [done], usage } },
  ]
  return events.map((event, index) => ({ ...event, sequence_number: index }))
}
