/**
 * Where the model's text stands in Bedrock's answers: converse in its own spelling, invoke in that of the model's vendor
 * (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html). Reasoning is never named.
 */
import { anthropicRestorePoints } from './anthropic-restore.ts'
import { openaiChatRestorePoints } from './openai-chat-restore.ts'
import { type AnswerText, type JsonPathKeys, NO_TEXT, nameOf, objectsIn, type RestorePoint } from './restore-points.ts'
import { type JsonObject, objectAt } from './usage.ts'

/** Events of a converse stream, which Nova's invoked stream wraps in their names. */
const WRAPPED = ['contentBlockDelta', 'contentBlockStart', 'contentBlockStop', 'messageStop']

export function bedrockRestorePoints(event: JsonObject): AnswerText {
  if (typeof event['type'] === 'string') return anthropicRestorePoints(event)
  if ('choices' in event) return openaiChatRestorePoints(event)
  if ('output' in event) return wholeConverse(event)
  const name = WRAPPED.find((each) => each in event)
  if (name !== undefined) return converseEvent(objectAt(event, name), [name])
  if ('contentBlockIndex' in event || 'stopReason' in event) return converseEvent(event, [])
  return vendorText(event)
}

function wholeConverse(event: JsonObject): AnswerText {
  const content = objectAt(objectAt(event, 'output'), 'message')['content']
  const points = objectsIn(content).flatMap(([index, block]): RestorePoint[] => {
    const path = ['output', 'message', 'content', index]
    if (typeof block['text'] === 'string') return [{ path: [...path, 'text'], block: null }]
    return 'toolUse' in block ? [{ path: [...path, 'toolUse', 'input'], block: null, isTree: true }] : []
  })
  return { points, ended: [] }
}

/** Text comes as `delta.text`, arguments as JSON text in `delta.toolUse.input`. */
function converseEvent(event: JsonObject, path: JsonPathKeys): AnswerText {
  if ('stopReason' in event) return { points: [], ended: 'all' }
  const block = nameOf(event['contentBlockIndex'])
  const delta = objectAt(event, 'delta')
  if (typeof delta['text'] === 'string') return { points: [{ path: [...path, 'delta', 'text'], block }], ended: [] }
  if ('toolUse' in delta) {
    return { points: [{ path: [...path, 'delta', 'toolUse', 'input'], block, isJson: true }], ended: [] }
  }
  return 'delta' in event ? NO_TEXT : { points: [], ended: [block] }
}

/** Vendors that give one text: Llama, Titan, Mistral. */
function vendorText(event: JsonObject): AnswerText {
  const isOver = (reason: unknown): boolean => typeof reason === 'string'
  const points: RestorePoint[] = [
    ...objectsIn(event['results']).map(([index]) => ({ path: ['results', index, 'outputText'], block: null })),
    ...objectsIn(event['outputs']).map(([index, output]) => ({
      path: ['outputs', index, 'text'],
      block: `outputs/${String(index)}`,
      isLast: isOver(output['stop_reason']),
    })),
  ]
  if (typeof event['generation'] === 'string') {
    points.push({ path: ['generation'], block: 'generation', isLast: isOver(event['stop_reason']) })
  }
  if (typeof event['outputText'] === 'string') {
    points.push({ path: ['outputText'], block: 'outputText', isLast: isOver(event['completionReason']) })
  }
  return points.length === 0 ? NO_TEXT : { points, ended: [] }
}
