/** Turns an error of a flow into the answer that the client gets. The one mapper: nobody else writes error responses. */
import type { LocalAnswer } from '../domain/notice.ts'
import { PROXY_ERRORS, ProxyError } from '../domain/proxy-error.ts'

const encoder = new TextEncoder()

/** Seconds after which a client may try again when the trouble is Weir's own. */
const RETRY_AFTER_SECONDS = 5

/**
 * Problem details (RFC 9457) with the fields that AI SDKs print; `event` is the flow id under which the record is found.
 * `null` when there is nobody left to answer.
 */
export function answerFailure(error: ProxyError, event: string): LocalAnswer | null {
  const row = PROXY_ERRORS[error.code]
  if (row.status === null) return null
  const message = `${error.message} (event ${event})`
  const body = encoder.encode(
    JSON.stringify({
      type: 'about:blank',
      title: row.message,
      status: row.status,
      detail: error.detail ?? row.message,
      event,
      message,
      error: { message, code: error.code },
    }),
  )
  const headers = [
    'content-type',
    'application/problem+json',
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
  if (row.status === 503) headers.push('retry-after', String(RETRY_AFTER_SECONDS))
  return { status: row.status, headers, body }
}

/** Anything thrown, as a `ProxyError`: what nobody foresaw is `internal`. */
export const asProxyError = (thrown: unknown): ProxyError =>
  thrown instanceof ProxyError ? thrown : new ProxyError('internal', null, thrown)
