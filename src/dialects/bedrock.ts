/** Amazon Bedrock's runtime: invoke and converse. Bodies are JSON; streamed responses are binary frames. */
import type { RequestHead } from '../domain/tool.ts'
import { jsonBodyParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { SIGNED_KEYS } from './keys.ts'
import { jsonAnswer } from './local-answer.ts'
import { countAt, createUsageReader, nameAt, objectAt, sumCounts } from './usage.ts'
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

export const bedrock: Dialect = {
  id: 'bedrock',
  recognise,
  textParts: (body, contentType) => jsonBodyParts(body, contentType, KEYS),
  refusal: (notice) =>
    jsonAnswer({
      status: 400,
      value: { message: notice.line },
      headers: ['x-amzn-errortype', 'ValidationException'],
    }),
  usageReader: (contentType) =>
    createUsageReader(contentType, {
      signs: ['"usage"'],
      read: (value) => {
        // Invoke answers as the model's vendor does (Anthropic here), converse in its own spelling.
        const usage = objectAt(value, 'usage')
        return {
          model: nameAt(value, 'model'),
          tokensIn: sumCounts(countAt(usage, 'input_tokens'), countAt(usage, 'inputTokens')),
          tokensOut: sumCounts(countAt(usage, 'output_tokens'), countAt(usage, 'outputTokens')),
        }
      },
    }),
}
