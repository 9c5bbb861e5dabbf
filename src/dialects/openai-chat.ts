/** OpenAI's chat completions and everything compatible with it: Qwen, Copilot, DeepSeek, Ollama, relays. */
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { COMMON_NAMES, SIGNED_KEYS } from './keys.ts'
import { openaiChatRestorePoints } from './openai-chat-restore.ts'
import { openaiRefusal } from './openai-refusal.ts'
import { countAt, createUsageReader, nameAt, objectAt } from './usage.ts'
import { hasHeader, lowerHeader, pathEndsWith } from './wire-shape.ts'

/**
 * `arguments` of a call is JSON inside a string: one text part, taken apart by the inspector.
 * `reasoning_details` and `thinking_blocks` are how routers and gateways carry signed thinking through this dialect.
 */
const KEYS: JsonKeys = {
  names: new Set([
    ...COMMON_NAMES,
    'tool_call_id',
    'tool_choice',
    'reasoning_effort',
    'service_tier',
    'detail',
    'include',
  ]),
  signed: new Set(SIGNED_KEYS),
  free: new Set(),
  signedInside: new Set(['reasoning_details', 'thinking_blocks']),
  jsonText: new Set(['arguments']),
}

/** `/chat/completions` is used by nothing else; the shorter old paths need a sign of an OpenAI client. */
function recognise(head: RequestHead): boolean {
  if (head.method !== 'POST') return false
  if (pathEndsWith(head.path, '/chat/completions')) return true
  const isOldPath = pathEndsWith(head.path, '/v1/completions') || pathEndsWith(head.path, '/v1/embeddings')
  return isOldPath && (lowerHeader(head, 'user-agent').startsWith('openai/') || hasHeader(head, ...OPENAI_HEADERS))
}

const OPENAI_HEADERS = ['openai-organization', 'openai-project', 'openai-beta'] as const

export const openaiChat: Dialect = {
  id: 'openai-chat',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, KEYS, memory),
  refusal: openaiRefusal,
  restorePoints: openaiChatRestorePoints,
  usageReader: (contentType) =>
    createUsageReader(contentType, {
      signs: ['"usage"'],
      read: (value) => {
        const usage = objectAt(value, 'usage')
        return {
          model: nameAt(value, 'model'),
          tokensIn: countAt(usage, 'prompt_tokens'),
          tokensOut: countAt(usage, 'completion_tokens'),
        }
      },
    }),
}
