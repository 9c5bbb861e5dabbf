/** Where the model's text stands in answers of OpenAI's responses API: whole, as events, as WebSocket messages. Never reasoning. */
import { type AnswerText, type JsonPathKeys, nameOf, objectsIn, type RestorePoint } from './restore-points.ts'
import { type JsonObject, objectAt } from './usage.ts'

/** Events that bring a piece of text in `delta`: what it is called in the block's name, and is it JSON? */
const DELTAS: ReadonlyMap<unknown, { readonly kind: string; readonly isJson: boolean }> = new Map([
  ['response.output_text.delta', { kind: 'text', isJson: false }],
  ['response.refusal.delta', { kind: 'refusal', isJson: false }],
  ['response.function_call_arguments.delta', { kind: 'arguments', isJson: true }],
  // Text of any form, a patch for one.
  ['response.custom_tool_call_input.delta', { kind: 'input', isJson: false }],
])

/** Events that tell a block's text again, whole: its kind, and the member that has it. */
const DONES: ReadonlyMap<unknown, readonly [kind: string, member: string]> = new Map([
  ['response.output_text.done', ['text', 'text']],
  ['response.refusal.done', ['refusal', 'refusal']],
  ['response.function_call_arguments.done', ['arguments', 'arguments']],
  ['response.custom_tool_call_input.done', ['input', 'input']],
])

const ENDS: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.cancelled',
  'error',
])

/** Written with a space by some. */
export const RESPONSES_HISTORY_SIGNS: readonly string[] = [
  '"response.created"',
  '"response.completed"',
  '"object":"response"',
  '"object": "response"',
]

export function openaiResponsesRestorePoints(event: JsonObject): AnswerText {
  const { type } = event
  const delta = DELTAS.get(type)
  if (delta !== undefined) {
    const { kind, isJson } = delta
    return { points: [{ path: ['delta'], block: blockOf(event, kind), isJson }], ended: [] }
  }
  const done = DONES.get(type)
  if (done !== undefined) {
    const [kind, member] = done
    const point = { path: [member], block: null, isJson: kind === 'arguments', isRepeat: true }
    return { points: [point], ended: [blockOf(event, kind)] }
  }
  if (type === 'response.content_part.added' || type === 'response.content_part.done') return contentPart(event)
  if (type === 'response.output_item.added' || type === 'response.output_item.done') return outputItem(event)
  return answerOf(event)
}

/** `output_index`, and `content_index` where an item has several texts. */
const blockOf = (event: JsonObject, kind: string): string =>
  [kind, nameOf(event['output_index']), nameOf(event['content_index'])].join('/')

function contentPart(event: JsonObject): AnswerText {
  return {
    points: partPoints(objectAt(event, 'part'), ['part']).map(repeated),
    ended: [blockOf(event, 'text'), blockOf(event, 'refusal')],
  }
}

function outputItem(event: JsonObject): AnswerText {
  const ended = ['arguments', 'input'].map((kind) => blockOf(event, kind))
  // What has no deltas is told here for the first time.
  const points = itemPoints(objectAt(event, 'item'), ['item'])
  return { points: points.map((point) => (point.isTree === true ? point : repeated(point))), ended }
}

const repeated = (point: RestorePoint): RestorePoint => ({ ...point, isRepeat: true })

/** An event about the whole answer, or the answer itself. */
function answerOf(event: JsonObject): AnswerText {
  const isWhole = event['object'] === 'response'
  const answer = isWhole ? event : objectAt(event, 'response')
  const path = isWhole ? ['output'] : ['response', 'output']
  const points = objectsIn(answer['output'])
    .flatMap(([index, item]) => itemPoints(item, [...path, index]))
    .map((point) => (isWhole ? point : repeated(point)))
  const { id } = answer
  const ended = ENDS.has(event['type']) ? 'all' : []
  return typeof id === 'string' && id !== '' ? { points, ended, history: id } : { points, ended }
}

function itemPoints(item: JsonObject, path: JsonPathKeys): RestorePoint[] {
  const tree = (member: string): RestorePoint => ({ path: [...path, member], block: null, isTree: true })
  switch (item['type']) {
    case 'message':
      return objectsIn(item['content']).flatMap(([index, part]) => partPoints(part, [...path, 'content', index]))
    case 'function_call':
      return [{ path: [...path, 'arguments'], block: null, isJson: true }]
    case 'custom_tool_call':
      return [{ path: [...path, 'input'], block: null }]
    case 'local_shell_call':
    case 'shell_call':
    case 'computer_call':
      return [tree('action')]
    case 'apply_patch_call':
      return [tree('operation')]
    default:
      return []
  }
}

function partPoints(part: JsonObject, path: JsonPathKeys): RestorePoint[] {
  if (part['type'] === 'output_text') return [{ path: [...path, 'text'], block: null }]
  return part['type'] === 'refusal' ? [{ path: [...path, 'refusal'], block: null }] : []
}
