/** What no other dialect knows: every JSON string leaf, form field and text part is text. */
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { bodyTextParts } from './body-parts.ts'
import type { Dialect } from './dialect.ts'
import type { JsonKeys } from './json-parts.ts'
import { jsonAnswer } from './local-answer.ts'
import { countAt, createUsageReader, nameAt, type UsageRules } from './usage.ts'
import { lowerHeader, pathEndsWith } from './wire-shape.ts'

/** No key is known, so none is left out. */
export const GENERIC_KEYS: JsonKeys = {
  names: new Set(),
  signed: new Set(),
  free: new Set(),
  signedInside: new Set(),
}

/** RFC 9457, with the members that the usual client libraries look for; also the answer of all other purposes (403). */
export const problemAnswer = (notice: Notice, status: 400 | 403): LocalAnswer =>
  jsonAnswer({
    status,
    contentType: 'application/problem+json',
    value: {
      type: 'about:blank',
      title: notice.title,
      status,
      detail: notice.line,
      event: notice.event,
      message: notice.line,
      error: { message: notice.line, code: 'weir_policy_block' },
    },
  })

/** Two AI protocols without a dialect of their own: OpenAI's realtime WebSocket and Amazon Q. */
function recognise(head: RequestHead): boolean {
  const protocols = lowerHeader(head, 'sec-websocket-protocol')
  if (head.isUpgrade && pathEndsWith(head.path, '/v1/realtime')) {
    return lowerHeader(head, 'openai-beta').includes('realtime') || /(?:^|[\s,])realtime(?:$|[\s,])/u.test(protocols)
  }
  return head.method === 'POST' && /^amazon(?:codewhisperer|qdeveloper)/u.test(lowerHeader(head, 'x-amz-target'))
}

/** Ollama's own API, whose counts nobody else names so. What else a response of no known dialect says may mean anything. */
const USAGE: UsageRules = {
  signs: ['eval_count"'],
  read: (value) => {
    const tokensIn = countAt(value, 'prompt_eval_count')
    const tokensOut = countAt(value, 'eval_count')
    return { model: tokensIn === null && tokensOut === null ? null : nameAt(value, 'model'), tokensIn, tokensOut }
  },
}

export const generic: Dialect = {
  id: 'generic',
  recognise,
  textParts: (body, contentType, memory) => bodyTextParts(body, contentType, GENERIC_KEYS, memory),
  refusal: (notice) => problemAnswer(notice, 400),
  usageReader: (contentType) => createUsageReader(contentType, USAGE),
}
