/** Where the model's text stands in Gemini's answers; code assist wraps them in `response`. Thoughts are never named. */
import { type AnswerText, type JsonPathKeys, nameOf, objectsIn, type RestorePoint } from './restore-points.ts'
import { type JsonObject, objectAt } from './usage.ts'

export function geminiRestorePoints(event: JsonObject): AnswerText {
  const isWrapped = event['response'] !== undefined
  const answer = isWrapped ? objectAt(event, 'response') : event
  const root = isWrapped ? ['response'] : []
  const ended: string[] = []
  const points = objectsIn(answer['candidates']).flatMap(([index, candidate]) => {
    const block = `${nameOf(candidate['index'] ?? index)}/text`
    const found = partsOf(candidate, [...root, 'candidates', index], block)
    if (found.isEndedBefore) ended.push(block)
    return found.points
  })
  return { points, ended: 'error' in event ? 'all' : ended }
}

/** Text goes on from event to event until something else comes, or the candidate is over. */
function partsOf(
  candidate: JsonObject,
  path: JsonPathKeys,
  block: string,
): { readonly points: RestorePoint[]; readonly isEndedBefore: boolean } {
  const parts = objectsIn(objectAt(candidate, 'content')['parts'])
  const isOver = typeof candidate['finishReason'] === 'string'
  const at = (index: number, key: string): JsonPathKeys => [...path, 'content', 'parts', index, key]
  const points = parts.flatMap(([index, part], order): RestorePoint[] => {
    if (isAnswerText(part)) {
      const next = parts[order + 1]?.[1]
      const isLast = next === undefined ? isOver : !isAnswerText(next)
      return [{ path: at(index, 'text'), block, isLast }]
    }
    return 'functionCall' in part ? [{ path: [...at(index, 'functionCall'), 'args'], block: null, isTree: true }] : []
  })
  const [first] = parts
  return { points, isEndedBefore: first === undefined ? isOver : !isAnswerText(first[1]) }
}

const isAnswerText = (part: JsonObject): boolean => typeof part['text'] === 'string' && part['thought'] !== true
