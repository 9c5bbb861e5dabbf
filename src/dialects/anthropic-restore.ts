/** Where the model's text stands in answers of Anthropic's Messages API. Thinking is never named. */
import { type AnswerText, type JsonPathKeys, NO_TEXT, nameOf, objectsIn, type RestorePoint } from './restore-points.ts'
import { type JsonObject, objectAt } from './usage.ts'

export function anthropicRestorePoints(event: JsonObject): AnswerText {
  switch (event['type']) {
    case 'content_block_start':
      return started(event)
    case 'content_block_delta':
      return deltaOf(event)
    case 'content_block_stop':
      return { points: [], ended: [blockOf(event)] }
    case 'message_delta':
    case 'message_stop':
    case 'error':
      return { points: [], ended: 'all' }
    case 'message':
      return {
        points: objectsIn(event['content']).flatMap(([index, block]) => whole(block, ['content', index])),
        ended: [],
      }
    case 'completion':
      return {
        points: [{ path: ['completion'], block: 'completion', isLast: event['stop_reason'] !== null }],
        ended: [],
      }
    default:
      return NO_TEXT
  }
}

const blockOf = (event: JsonObject): string => nameOf(event['index'])

/** A block may begin with text, and with all of a tool's input. */
function started(event: JsonObject): AnswerText {
  const block = objectAt(event, 'content_block')
  if (block['type'] === 'text') {
    return { points: [{ path: ['content_block', 'text'], block: blockOf(event) }], ended: [blockOf(event)] }
  }
  return { points: whole(block, ['content_block']), ended: [blockOf(event)] }
}

function deltaOf(event: JsonObject): AnswerText {
  const block = blockOf(event)
  const { type } = objectAt(event, 'delta')
  if (type === 'text_delta') return { points: [{ path: ['delta', 'text'], block }], ended: [] }
  if (type === 'input_json_delta') {
    return { points: [{ path: ['delta', 'partial_json'], block, isJson: true }], ended: [] }
  }
  return NO_TEXT
}

function whole(block: JsonObject, path: JsonPathKeys): RestorePoint[] {
  if (block['type'] === 'text') return [{ path: [...path, 'text'], block: null }]
  return block['type'] === 'tool_use' ? [{ path: [...path, 'input'], block: null, isTree: true }] : []
}
