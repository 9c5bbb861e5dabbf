/** OpenAI's responses API, as Codex speaks it; over HTTP here, WebSocket messages have the same body. */
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect, Usage } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { COMMON_NAMES, SIGNED_KEYS } from './keys.ts'
import { openaiRefusal } from './openai-refusal.ts'
import { openaiResponsesMessages } from './openai-responses-messages.ts'
import { openaiResponsesRestorePoints, RESPONSES_HISTORY_SIGNS } from './openai-responses-restore.ts'
import { countAt, createUsageReader, type JsonObject, nameAt, objectAt } from './usage.ts'
import { hasHeader, lowerHeader, pathEndsWith } from './wire-shape.ts'

const KEYS: JsonKeys = {
  names: new Set([
    ...COMMON_NAMES,
    'call_id',
    'item_id',
    'previous_response_id',
    'tool_choice',
    'include',
    'effort',
    'verbosity',
    'service_tier',
    'detail',
    'syntax',
    'content_item_kinds',
  ]),
  signed: new Set(SIGNED_KEYS),
  free: new Set(),
  signedInside: new Set(),
  jsonText: new Set(['arguments']),
  histories: new Set(['previous_response_id', 'conversation']),
}

/** Survey services have `/responses` too: the path counts only with a sign of an OpenAI client beside it. */
function recognise(head: RequestHead): boolean {
  const isPath = pathEndsWith(head.path, '/responses') || pathEndsWith(head.path, '/responses/compact')
  if (!isPath || (head.method !== 'POST' && !head.isUpgrade)) return false
  if (head.path.includes('/backend-api/codex/')) return true
  if (hasHeader(head, ...CODEX_HEADERS)) return true
  const isVersioned = /\/v1\/responses(?:\/compact)?\/?$/u.test(head.path)
  return (
    isVersioned &&
    (hasHeader(head, 'x-stainless-lang', 'x-stainless-package-version') ||
      lowerHeader(head, 'accept').includes('text/event-stream') ||
      lowerHeader(head, 'authorization').startsWith('bearer sk-'))
  )
}

const CODEX_HEADERS = [
  'openai-beta',
  'openai-organization',
  'openai-project',
  'originator',
  'chatgpt-account-id',
  'x-codex-turn-metadata',
] as const

/** What a response says of itself: an event wraps it (`response.completed`), a whole body is it. */
function readUsage(value: JsonObject): Partial<Usage> {
  const response = value['response'] === undefined ? value : objectAt(value, 'response')
  const usage = objectAt(response, 'usage')
  return {
    model: nameAt(response, 'model'),
    tokensIn: countAt(usage, 'input_tokens'),
    tokensOut: countAt(usage, 'output_tokens'),
  }
}

export const openaiResponses: Dialect = {
  id: 'openai-responses',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, KEYS, memory),
  refusal: openaiRefusal,
  restorePoints: openaiResponsesRestorePoints,
  historySigns: RESPONSES_HISTORY_SIGNS,
  usageReader: (contentType) => createUsageReader(contentType, { signs: ['"usage"'], read: readUsage }),
  messages: openaiResponsesMessages(readUsage),
}
