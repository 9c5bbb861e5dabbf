/** From the header lines of an HTTP/2 request to the lines on which everything is decided (RFC 9113 section 8.3). */
import { parseAuthority } from '../domain/destination.ts'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { HeaderLimits } from '../domain/settings.ts'
import type { HeadLines } from './request-head.ts'

export interface Http2Head {
  /** In the form of HTTP/1: Host first, cookie crumbs joined. */
  readonly lines: HeadLines
  /** What is wrong with it already; the lines may then be incomplete. */
  readonly problem: ProxyError | null
}

/** What node:http2 counts for a line beside its name and value (RFC 9113 section 6.5.2). */
const LINE_OVERHEAD = 32

/** `scheme`: that of the connection; a request under another one belongs elsewhere. nghttp2 has checked the characters. */
export function readHttp2Head(
  rawHeaders: RawHeaders,
  scheme: 'http' | 'https',
  limits: Pick<HeaderLimits, 'maxHeaderBytes'>,
): Http2Head {
  const pseudo: Record<string, string> = {}
  const lines: string[] = []
  let cookie = -1
  let bytes = 0
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    bytes += name.length + value.length + LINE_OVERHEAD
    if (name.startsWith(':')) pseudo[name] = value
    else if (name === 'cookie' && cookie !== -1) lines[cookie] = `${lines[cookie] ?? ''}; ${value}`
    else {
      if (name === 'cookie') cookie = lines.length + 1
      lines.push(name, value)
    }
  }
  const problem = bytes > limits.maxHeaderBytes ? tooLarge(limits) : problemOf(pseudo, lines, scheme)
  return { problem, lines: linesOf(pseudo, lines, problem !== null) }
}

const tooLarge = ({ maxHeaderBytes }: Pick<HeaderLimits, 'maxHeaderBytes'>): ProxyError =>
  new ProxyError('headers-too-large', `more than ${maxHeaderBytes} bytes`)

function problemOf(pseudo: Record<string, string>, lines: RawHeaders, scheme: string): ProxyError | null {
  // With `:protocol` as well (RFC 8441): WebSocket goes over HTTP/1.1 here, and nobody was told otherwise.
  if (pseudo[':method'] === 'CONNECT') return new ProxyError('nested-connect')
  const expectations = headerValues(lines, 'expect')
  if (expectations.some((value) => value.trim().toLowerCase() !== '100-continue')) {
    return new ProxyError('expectation-failed')
  }
  const asked = pseudo[':scheme']
  if (asked !== undefined && asked.toLowerCase() !== scheme) return new ProxyError('host-mismatch', 'another scheme')
  const authority = pseudo[':authority']
  const host = headerValue(lines, 'host')
  if (authority === undefined || host === null || host === authority) return null
  const [a, b] = [parseAuthority(authority), parseAuthority(host)]
  const isSame = a.ok && b.ok && a.host === b.host && a.port === b.port
  return isSame ? null : new ProxyError('host-mismatch', 'Host differs from :authority')
}

/** Of what is refused both names are kept, for its record. */
function linesOf(pseudo: Record<string, string>, lines: string[], isRefused: boolean): HeadLines {
  const { ':method': method = '', ':authority': authority } = pseudo
  if (authority !== undefined && (isRefused || headerValue(lines, 'host') === null)) lines.unshift('host', authority)
  return { method, url: pseudo[':path'] ?? '', httpVersion: '2', headers: {}, rawHeaders: lines }
}
