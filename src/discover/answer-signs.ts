/** What the answer to a request says: headers of gateways, and the first bytes of the body. It confirms, after the request has passed. */
import { Buffer } from 'node:buffer'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { Sign } from '../domain/sighting.ts'
import { isSureModelName } from './model-names.ts'

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
  return [...signs.slice(0, 2), ...streamSign(headers)]
}

/** Who is asked by a body and answers by a stream of events is AI more often than anything else, and not only AI. */
function streamSign(headers: RawHeaders): readonly Sign[] {
  const type = /^[^;]*/u
    .exec(headerValue(headers, 'content-type') ?? '')?.[0]
    .trim()
    .toLowerCase()
  if (type === 'text/event-stream') return [{ name: 'answer:event-stream', points: 20 }]
  return type === 'application/vnd.amazon.eventstream' ? [{ name: 'answer:aws-stream', points: 15 }] : []
}

/** `false`: a page, a script or a picture, whose words say nothing of who served it. */
export const mayHoldWords = (headers: RawHeaders): boolean =>
  !/^\s*(?:text\/(?:html|css|javascript)|application\/(?:xhtml\+xml|javascript|wasm|zip)|image\/|video\/|font\/)/iu.test(
    headerValue(headers, 'content-type') ?? '',
  )

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
    ['generated-text', ['"generated_text":'], 60, 'generic'],
    ['completion-id', ['"id":"chatcmpl-'], 60, 'openai-chat'],
    ['message-chunk', ['"type":"AIMessageChunk"'], 60, 'generic'],
    ['bedrock-chunk', [':event-type', 'chunk', '"bytes":"'], 60, 'bedrock'],
    ['bedrock-delta', [':event-type', 'contentBlockDelta'], 60, 'bedrock'],
    ['assistant-event', [':event-type', 'assistantResponseEvent'], 60, 'generic'],
    ['llama', ['"content":', '"stop":', '"tokens_predicted"'], 60, 'generic'],
    ['usage', ['"usage":{', '"prompt_tokens":', '"completion_tokens":'], 60, 'generic'],
    ['usage', ['"usage":{', '"input_tokens":', '"output_tokens":'], 60, 'generic'],
    ['embedding', ['"object":"list"', '"object":"embedding"'], 60, 'generic'],
    ['mcp', ['"jsonrpc":', '"protocolVersion":', '"serverInfo":'], 60, 'mcp'],
    ['text-output', ['"text_output":'], 45, 'generic'],
    ['text-delta', ['"deltaText":'], 45, 'generic'],
    ['text-response', ['"textResponse":'], 45, 'generic'],
    ['embeddings', ['"embeddings":[['], 45, 'generic'],
    ['thinking', ['"isThinking":'], 40, 'generic'],
    ['assistant', ['"role":"assistant"'], 35, 'generic'],
    ['assistant', ['"role":"ASSISTANT"'], 35, 'generic'],
    ['done', ['data:[DONE]'], 25, 'generic'],
    ['embeddings', ['"embeddings":{'], 25, 'generic'],
    ['answer', ['"answer":"', '"reference":'], 25, 'generic'],
    ['chat-message', ['"chatMessageId":'], 25, 'generic'],
  ]

/** Tokens counted on both sides, however they are called. */
const COUNTS_IN = /"(?:prompt|input|total_input|prompt_eval)_?(?:tokens?(?:_?count)?|count)":\d/iu
const COUNTS_OUT = /"(?:completion|output|total_output|candidates|eval|generated)_?(?:tokens?(?:_?count)?|count)":\d/iu

/** Signs in the first bytes of an answer, as far as they are text. */
export function answerBodySigns(bytes: Uint8Array): readonly Sign[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, ANSWER_BYTES))
    .toString('latin1')
    .replaceAll(/([:,])\s+/gu, '$1')
  const shape = shapeOf(text)
  const model = /"model":"([^"\\]{2,120})"/u.exec(text)?.[1]
  const isNamed = model !== undefined && isSureModelName(model)
  return [...(shape === null ? [] : [shape]), ...(isNamed ? [{ name: 'answer:model-name', points: 20 }] : [])]
}

function shapeOf(text: string): Sign | null {
  for (const [name, words, points, dialect = 'generic'] of SHAPES) {
    if (points > 45 && words.every((word) => text.includes(word))) return { name: `answer:${name}`, points, dialect }
  }
  if (COUNTS_IN.test(text) && COUNTS_OUT.test(text)) return { name: 'answer:tokens', points: 45, dialect: 'generic' }
  // TEI and its like answer with nothing but the vectors.
  if (/^\[\[-?0\.\d{2}/u.test(text)) return { name: 'answer:vectors', points: 25, dialect: 'generic' }
  for (const [name, words, points, dialect = 'generic'] of SHAPES) {
    if (words.every((word) => text.includes(word))) return { name: `answer:${name}`, points, dialect }
  }
  return null
}
