/** Puts a notice into the answer that this client shows best (contracts section 10) and adds what every block carries. */
import { Buffer } from 'node:buffer'
import { dialectById } from '../dialects/registry.ts'
import { type RpcCode, rpcRefusal } from '../dialects/rpc-refusal.ts'
import type { ExchangeDecision } from '../domain/decision.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer, Notice } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { framingOf } from '../wire/grpc-frames.ts'
import { clientKind } from './client-kind.ts'
import { htmlPage } from './html.ts'
import { problemJson } from './problem-json.ts'

/** The complete answer to a blocked request; header names in lower case. For HEAD the head is that of a GET and the body empty. */
export function answerWithNotice(notice: Notice, decision: ExchangeDecision, head: RequestHead): LocalAnswer {
  const isPreflight = isCorsPreflight(head)
  const answer = isPreflight ? preflightAnswer(head) : chooseAnswer(notice, decision, head)
  const headers = [
    ...answer.headers,
    // RFC 9110 section 8.6: a 204 has no content-length.
    ...(isPreflight ? [] : ['content-length', String(answer.body.length)]),
    'x-should-retry',
    'false',
    'proxy-status',
    'weir; error=http_request_denied',
    'cache-control',
    'no-store',
    'x-weir-event',
    notice.event.replaceAll(/[^\x21-\x7e]/gu, ''),
    'x-weir-action',
    'block',
    ...corsHeaders(head),
  ]
  return { status: answer.status, headers, body: head.method === 'HEAD' ? new Uint8Array(0) : answer.body }
}

function chooseAnswer(notice: Notice, decision: ExchangeDecision, head: RequestHead): LocalAnswer {
  if (head.isUpgrade) return upgradeAnswer()
  // Whatever the dialect and purpose: such a client understands only the statuses of its protocol.
  const framing = framingOf(headerValue(head.headers, 'content-type'))
  if (framing !== null) return rpcRefusal(framing, head, rpcCode(decision), notice.line)
  if (headerValue(head.headers, 'connect-protocol-version') !== null)
    return dialectById('connect').refusal(notice, head)
  if (clientKind(head) === 'navigation') return htmlPage(notice)
  if (decision.purpose === 'inference') return dialectById(decision.dialect).refusal(notice, head)
  return problemJson(notice)
}

/** What a refused call is told: a message too large to be read is another thing than one that must not pass. */
export const rpcCode = (decision: ExchangeDecision): RpcCode =>
  decision.reason === 'unreadable' && decision.unread === 'oversize' ? 'resource_exhausted' : 'permission_denied'

/** 426 makes Codex fall back to a POST at once, whose refusal it shows; any other status hides the notice (measured). */
const upgradeAnswer = (): LocalAnswer => ({
  status: 426,
  headers: ['content-type', 'text/plain; charset=utf-8', 'connection', 'close'],
  body: Buffer.from('Upgrade not available'),
})

const isCorsPreflight = (head: RequestHead): boolean =>
  head.method === 'OPTIONS' && headerValue(head.headers, 'access-control-request-method') !== null

/** The preflight passes, so that the page's own request meets the notice and its script can read it. */
function preflightAnswer(head: RequestHead): LocalAnswer {
  const echo = (asked: string, name: string): string[] => {
    const value = safeValue(headerValue(head.headers, asked))
    return value === null ? [] : [name, value]
  }
  const headers = [
    ...echo('access-control-request-method', 'access-control-allow-methods'),
    ...echo('access-control-request-headers', 'access-control-allow-headers'),
  ]
  return { status: 204, headers, body: new Uint8Array(0) }
}

function corsHeaders(head: RequestHead): RawHeaders {
  const origin = safeValue(headerValue(head.headers, 'origin'))
  if (origin === null) return []
  return [
    'access-control-allow-origin',
    origin,
    'access-control-allow-credentials',
    'true',
    'access-control-expose-headers',
    'x-weir-event',
    'vary',
    'origin',
  ]
}

const MAX_ECHO_CHARS = 2000

/** A request's value that may be echoed into a header: printable ASCII only, so that it cannot end the line. */
const safeValue = (value: string | null): string | null =>
  value !== null && value.length <= MAX_ECHO_CHARS && /^[\x20-\x7e]+$/u.test(value) ? value : null
