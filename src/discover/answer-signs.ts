/** What the answer to a request says: headers of gateways, and the first bytes of the body. It confirms, after the request has passed. */
import { Buffer } from 'node:buffer'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { Sign } from '../domain/sighting.ts'

/** Bytes of an answer that are looked at. */
export const ANSWER_BYTES = 8192

const HEADERS: readonly (readonly [name: string, points: number])[] = [
  ['openai-processing-ms', 60],
  ['openai-version', 60],
  ['openai-model', 60],
  ['anthropic-ratelimit-tokens-remaining', 60],
  ['anthropic-ratelimit-requests-remaining', 60],
  ['x-ratelimit-remaining-tokens', 40],
  ['x-ratelimit-limit-tokens', 40],
  ['x-new-api-version', 60],
  ['x-oneapi-request-id', 60],
  ['x-litellm-model-id', 60],
  ['x-litellm-version', 60],
  ['x-litellm-call-id', 60],
  ['x-dashscope-request-id', 50],
  ['x-cpa-version', 50],
]

/** Signs in the head of an answer. */
export function answerHeadSigns(headers: RawHeaders): readonly Sign[] {
  const signs: Sign[] = []
  for (const [name, points] of HEADERS) {
    if (headerValue(headers, name) !== null) signs.push({ name: `answer-header:${name}`, points })
  }
  return signs.slice(0, 2)
}

/** All must stand in the text; spaces after colons and commas are left out before. */
const SHAPES: readonly (readonly [name: string, words: readonly string[], points: number, dialect: Sign['dialect']])[] =
  [
    ['chat-chunk', ['"object":"chat.completion'], 60, 'openai-chat'],
    ['text-completion', ['"object":"text_completion"'], 60, 'openai-chat'],
    ['chat-choices', ['"choices":[{', '"finish_reason"'], 60, 'openai-chat'],
    ['message-start', ['"type":"message_start"'], 60, 'anthropic-messages'],
    ['message', ['"type":"message"', '"role":"assistant"', '"content":['], 60, 'anthropic-messages'],
    ['response-event', ['"type":"response.created"'], 60, 'openai-responses'],
    ['response', ['"object":"response"', '"output":['], 60, 'openai-responses'],
    ['candidates', ['"candidates":[{', '"content":{', '"parts":['], 60, 'gemini'],
    ['ollama', ['"model":', '"created_at":', '"done":'], 50, 'generic'],
    ['token-stream', ['"token":{', '"generated_text"'], 60, 'generic'],
    ['llama', ['"content":', '"stop":', '"tokens_predicted"'], 60, 'generic'],
    ['usage', ['"usage":{', '"prompt_tokens":', '"completion_tokens":'], 60, 'generic'],
    ['usage', ['"usage":{', '"input_tokens":', '"output_tokens":'], 60, 'generic'],
    ['embedding', ['"object":"list"', '"object":"embedding"'], 60, 'generic'],
    ['done', ['data:[DONE]'], 25, 'generic'],
  ]

/** Signs in the first bytes of an answer, as far as they are text. */
export function answerBodySigns(bytes: Uint8Array): readonly Sign[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, ANSWER_BYTES))
    .toString('latin1')
    .replaceAll(/([:,])\s+/gu, '$1')
  for (const [name, words, points, dialect = 'generic'] of SHAPES) {
    if (words.every((word) => text.includes(word))) return [{ name: `answer:${name}`, points, dialect }]
  }
  return []
}
