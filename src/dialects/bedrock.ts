/** Amazon Bedrock's runtime: invoke and converse. Bodies are JSON; streamed responses are binary frames. */
import type { RequestHead } from '../domain/tool.ts'
import { bedrockRestorePoints } from './bedrock-restore.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { SIGNED_KEYS } from './keys.ts'
import { jsonAnswer } from './local-answer.ts'
import {
  countAt,
  createUsageReader,
  firstCount,
  type JsonObject,
  nameAt,
  objectAt,
  sumCounts,
  type UsageRules,
} from './usage.ts'
import { lowerHeader } from './wire-shape.ts'

/** Invoke carries Anthropic's thinking blocks, converse its own `reasoningContent`; both are signed. */
const KEYS: JsonKeys = {
  names: new Set(),
  signed: new Set([...SIGNED_KEYS, 'thinking', 'redactedContent']),
  free: new Set(['input', 'source']),
  signedInside: new Set(['reasoningContent', 'redacted_thinking']),
}

const STREAM_PATH = /\/model\/[^/]+\/(?:invoke-with-response-stream|converse-stream)$/u
const PATH = /\/model\/([^/]+)\/(?:invoke|converse|count-tokens)$/u

/** `/model/x/invoke` alone could be any model server; the signing scope or a Bedrock model id (`vendor.name`) decides. */
function recognise(head: RequestHead): boolean {
  if (head.method !== 'POST') return false
  if (STREAM_PATH.test(head.path)) return true
  const model = PATH.exec(head.path)?.[1]
  if (model === undefined) return false
  return lowerHeader(head, 'authorization').includes('/bedrock/aws4_request') || /^[a-z0-9]+\.[a-z]/u.test(model)
}

/**
 * Invoke answers as the model's vendor does (Anthropic, Nova, Llama, Titan), converse in its own spelling. The last piece of
 * an invoked stream carries Bedrock's own measure, whatever the vendor (`amazon-bedrock-invocationMetrics`). What was read
 * from or written to a cache counts as input.
 */
const USAGE: UsageRules = {
  signs: ['"usage"', 'TokenCount"', '_token_count"'],
  read: (value) => {
    const message = value['type'] === 'message_start' ? objectAt(value, 'message') : value
    const metadata = objectAt(value, 'metadata')
    const usage = objectAt(metadata['usage'] === undefined ? message : metadata, 'usage')
    const metrics = objectAt(value, 'amazon-bedrock-invocationMetrics')
    return {
      model: nameAt(message, 'model'),
      tokensIn: firstCount(
        countsAt(usage, ['input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']),
        countsAt(usage, ['inputTokens', 'cacheReadInputTokens', 'cacheWriteInputTokens']),
        countsAt(metrics, ['inputTokenCount', 'cacheReadInputTokenCount', 'cacheWriteInputTokenCount']),
        countAt(value, 'inputTextTokenCount'),
        countAt(value, 'prompt_token_count'),
      ),
      tokensOut: firstCount(
        countAt(usage, 'output_tokens'),
        countAt(usage, 'outputTokens'),
        countAt(metrics, 'outputTokenCount'),
        countAt(value, 'totalOutputTextTokenCount'),
        countAt(value, 'generation_token_count'),
      ),
    }
  },
}

const countsAt = (value: JsonObject, keys: readonly string[]): number | null =>
  sumCounts(...keys.map((key) => countAt(value, key)))

export const bedrock: Dialect = {
  id: 'bedrock',
  recognise,
  textParts: (body, contentType, memory) => jsonBodyParts(body, contentType, KEYS, memory),
  refusal: (notice) =>
    jsonAnswer({
      status: 400,
      value: { message: notice.line },
      headers: ['x-amzn-errortype', 'ValidationException'],
    }),
  restorePoints: bedrockRestorePoints,
  usageReader: (contentType) => createUsageReader(contentType, USAGE),
}
