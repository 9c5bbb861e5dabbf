/** Anthropic's Messages API, also behind relays, on Vertex (`rawPredict`) and on Azure. */
import type { RequestHead } from '../domain/tool.ts'
import { anthropicRestorePoints } from './anthropic-restore.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { COMMON_NAMES, SIGNED_KEYS } from './keys.ts'
import { jsonAnswer } from './local-answer.ts'
import { countAt, createUsageReader, nameAt, objectAt, sumCounts } from './usage.ts'
import { hasHeader } from './wire-shape.ts'

/**
 * `metadata.user_id` is text: it may hold an e-mail address, and the API takes any string.
 * `thinking` and the `data` of `redacted_thinking` are bound to a signature (measured: an edit fails the next turn).
 * `source` is free: the `data` of a text document is text; real pictures and PDFs are told by `media.ts`.
 */
const KEYS: JsonKeys = {
  names: new Set([
    ...COMMON_NAMES,
    'tool_use_id',
    'media_type',
    'ttl',
    'scope',
    'effort',
    'display',
    'keep',
    'previous_message_id',
    'anthropic_version',
    'anthropic_beta',
  ]),
  signed: new Set([...SIGNED_KEYS, 'thinking', 'data']),
  free: new Set(['input', 'source']),
  signedInside: new Set(['redacted_thinking']),
}

const PATH = /\/v1\/(?:messages(?:\/count_tokens|\/batches)?|complete)\/?$/u
const VERTEX_PATH = /\/publishers\/anthropic\/models\/[^/]+:(?:raw|streamRaw)Predict$/u

/** `/v1/messages` alone is no sign: ordinary messaging services use it too. Its version header is. */
function recognise(head: RequestHead): boolean {
  if (head.method !== 'POST') return false
  if (VERTEX_PATH.test(head.path)) return true
  if (hasHeader(head, 'anthropic-version')) return true
  return PATH.test(head.path) && hasHeader(head, 'anthropic-beta', 'anthropic-dangerous-direct-browser-access')
}

export const anthropicMessages: Dialect = {
  id: 'anthropic-messages',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, KEYS, memory),
  refusal: (notice) =>
    jsonAnswer({
      status: 400,
      value: {
        type: 'error',
        error: { type: 'invalid_request_error', message: notice.line },
        request_id: notice.event,
      },
    }),
  restorePoints: anthropicRestorePoints,
  usageReader: (contentType) =>
    createUsageReader(contentType, {
      signs: ['"usage"', '"message_start"'],
      read: (value) => {
        // `message_start` wraps the message; `message_delta` and a whole body have the usage at the top.
        const message = value['type'] === 'message_start' ? objectAt(value, 'message') : value
        const usage = objectAt(message, 'usage')
        return {
          model: nameAt(message, 'model'),
          tokensIn: sumCounts(
            countAt(usage, 'input_tokens'),
            countAt(usage, 'cache_creation_input_tokens'),
            countAt(usage, 'cache_read_input_tokens'),
          ),
          tokensOut: countAt(usage, 'output_tokens'),
        }
      },
    }),
}
