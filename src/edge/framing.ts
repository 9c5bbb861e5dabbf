/** What node:http lets pass and another parser could read otherwise: refused before anything is decided. */
import type { IncomingMessage } from 'node:http'
import { headerValues } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'

/** The refusal of an HTTP/1 request whose version, framing or expectation has no single reading; `null`: it has one. */
export function framingProblem(request: Pick<IncomingMessage, 'httpVersion' | 'rawHeaders'>): ProxyError | null {
  const { httpVersion, rawHeaders } = request
  // The parser also takes a line without a version, and versions that never were.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new ProxyError('bad-request', 'not HTTP/1.0 or HTTP/1.1')
  const codings = headerValues(rawHeaders, 'transfer-encoding')
  if (codings.length > 0) {
    // RFC 9112 section 6.1: "a server … that receives an HTTP/1.0 message containing Transfer-Encoding" has faulty framing.
    if (httpVersion === '1.0') return new ProxyError('bad-request', 'HTTP/1.0 has no transfer coding')
    if (codings.length > 1 || codings[0]?.trim().toLowerCase() !== 'chunked') {
      return new ProxyError('bad-request', 'the transfer coding is not just chunked')
    }
  }
  const expectations = headerValues(rawHeaders, 'expect')
  const isKnown = expectations.every((value) => value.trim().toLowerCase() === '100-continue')
  return isKnown ? null : new ProxyError('expectation-failed')
}
