/** Turns an error of a flow into the answer that the client gets. The one mapper: nobody else writes error responses. */
import type { LocalAnswer } from '../domain/notice.ts'
import { PROXY_ERRORS, ProxyError } from '../domain/proxy-error.ts'
import type { RequestHead } from '../domain/tool.ts'
import { clientKind } from '../notice/client-kind.ts'
import { htmlPage } from '../notice/html.ts'

const encoder = new TextEncoder()

/** Seconds after which a client may try again when the trouble is Weir's own. */
const RETRY_AFTER_SECONDS = 5

/**
 * Problem details (RFC 9457) with the fields that AI SDKs print; a person in a browser, told from `head`, gets a page.
 * `event` is the flow id under which the record is found. `null` when there is nobody left to answer.
 */
export function answerFailure(error: ProxyError, event: string, head: RequestHead | null = null): LocalAnswer | null {
  const row = PROXY_ERRORS[error.code]
  if (row.status === null) return null
  const isPerson = head !== null && clientKind(head) === 'navigation'
  // Nobody else says who speaks: SDKs print the message and nothing of the headers.
  const line = `weir${head === null ? '' : `: ${head.host}`}: ${error.message}`
  const { headers, body } = isPerson ? failurePage(error, line, event) : problemDetails(error, row.status, line, event)
  const common = [
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'proxy-status',
    `weir; error=${row.proxyStatus}`,
    'x-weir-event',
    event,
    'x-weir-action',
    'error',
  ]
  if (row.status === 503) common.push('retry-after', String(RETRY_AFTER_SECONDS))
  return { status: row.status, headers: [...headers, ...common], body }
}

type Content = Pick<LocalAnswer, 'headers' | 'body'>

function problemDetails(error: ProxyError, status: number, line: string, event: string): Content {
  const title = PROXY_ERRORS[error.code].message
  const message = `${line} (event ${event})`
  const details = {
    type: 'about:blank',
    title,
    status,
    detail: error.detail ?? title,
    event,
    message,
    error: { message, code: error.code },
  }
  return { headers: ['content-type', 'application/problem+json'], body: encoder.encode(JSON.stringify(details)) }
}

/** Said by the proxy, not by the site: the title says so. */
function failurePage(error: ProxyError, line: string, event: string): Content {
  const title = `The proxy could not do this: ${PROXY_ERRORS[error.code].message}`
  return htmlPage({ title, line, ask: '', event, language: 'en' })
}

/** Anything thrown, as a `ProxyError`: what nobody foresaw is `internal`. */
export const asProxyError = (thrown: unknown): ProxyError =>
  thrown instanceof ProxyError ? thrown : new ProxyError('internal', null, thrown)
