/** Where the model's text stands in chat completions, streamed and whole. Reasoning is never named. */
import { type AnswerText, type JsonPathKeys, nameOf, objectsIn, type RestorePoint } from './restore-points.ts'
import { type JsonObject, objectAt } from './usage.ts'

export function openaiChatRestorePoints(event: JsonObject): AnswerText {
  const ended: string[] = []
  const points = objectsIn(event['choices']).flatMap(([index, choice]) => {
    const name = nameOf(choice['index'] ?? index)
    const isOver = choice['finish_reason'] !== null && choice['finish_reason'] !== undefined
    if (isOver) ended.push(...blocksOf(name, choice))
    const path = ['choices', index]
    if ('message' in choice) return textPoints(objectAt(choice, 'message'), [...path, 'message'], null)
    const text: RestorePoint = { path: [...path, 'text'], block: `${name}/text`, isLast: isOver }
    const delta = textPoints(objectAt(choice, 'delta'), [...path, 'delta'], { name, isOver })
    return typeof choice['text'] === 'string' ? [text, ...delta] : delta
  })
  return { points, ended: 'error' in event ? 'all' : ended }
}

interface Streamed {
  readonly name: string
  /** The choice ends with this chunk. */
  readonly isOver: boolean
}

/** Blocks that end with a choice and have no text in its last chunk. */
function blocksOf(name: string, choice: JsonObject): string[] {
  const delta = objectAt(choice, 'delta')
  const calls = Array.from({ length: MAX_CALLS }, (_, index) => `${name}/call/${String(index)}`)
  const here = new Set(objectsIn(delta['tool_calls']).map(([index, call]) => callName(name, index, call)))
  const texts = ['content', 'refusal'].filter((key) => typeof delta[key] !== 'string' && !Array.isArray(delta[key]))
  return [...texts.map((key) => `${name}/${key}`), ...calls.filter((call) => !here.has(call)), `${name}/function`]
}

/** Calls of one choice that are told to have ended; further ones end with the stream. */
const MAX_CALLS = 32

const callName = (name: string, index: number, call: JsonObject): string =>
  `${name}/call/${nameOf(call['index'] ?? index)}`

function textPoints(message: JsonObject, path: JsonPathKeys, streamed: Streamed | null): RestorePoint[] {
  const calls = objectsIn(message['tool_calls'])
  // Behind a call no text is waited for: a copy of its chunk would begin the call a second time.
  const isLast = streamed?.isOver === true || calls.length > 0
  const at = (keys: JsonPathKeys, block: string): RestorePoint =>
    streamed === null
      ? { path: [...path, ...keys], block: null }
      : { path: [...path, ...keys], block: `${streamed.name}/${block}`, isLast }
  const parts = objectsIn(message['content']).map(([index]) => at(['content', index, 'text'], 'content'))
  return [
    ...(typeof message['content'] === 'string' ? [at(['content'], 'content')] : parts),
    at(['refusal'], 'refusal'),
    ...calls.flatMap(([index, call]) => callPoints(call, { path: [...path, 'tool_calls', index], index, streamed })),
    { ...at(['function_call', 'arguments'], 'function'), isJson: true, isLast: streamed?.isOver === true },
  ]
}

function callPoints(
  call: JsonObject,
  {
    path,
    index,
    streamed,
  }: { readonly path: JsonPathKeys; readonly index: number; readonly streamed: Streamed | null },
): RestorePoint[] {
  const block = streamed === null ? null : callName(streamed.name, index, call)
  const isLast = streamed?.isOver === true
  return [
    { path: [...path, 'function', 'arguments'], block, isJson: true, isLast },
    { path: [...path, 'custom', 'input'], block, isLast },
  ]
}
