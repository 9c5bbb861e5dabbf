/** From the header lines of an HTTP/2 request to the lines on which everything is decided (RFC 9113 section 8.3). */
import { parseAuthority } from '../domain/destination.ts'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { HeaderLimits } from '../domain/settings.ts'
import type { HeadLines } from './request-head.ts'

export interface Http2Head {
  /** In the form of HTTP/1: Host first, cookie crumbs joined. */
  readonly lines: HeadLines
  /** An extended CONNECT for a WebSocket (RFC 8441), which its lines show as the upgrade that HTTP/1 would have asked for. */
  readonly isWebSocket: boolean
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
  const isWebSocket = pseudo[':method'] === 'CONNECT' && isWebSocketName(pseudo[':protocol'])
  return { problem, isWebSocket, lines: linesOf(pseudo, lines, { isRefused: problem !== null, isWebSocket }) }
}

/** Names of protocols know no case (RFC 9110 section 7.8). */
const isWebSocketName = (name: string | undefined): boolean => name?.toLowerCase() === 'websocket'

const tooLarge = ({ maxHeaderBytes }: Pick<HeaderLimits, 'maxHeaderBytes'>): ProxyError =>
  new ProxyError('headers-too-large', `more than ${maxHeaderBytes} bytes`)

function problemOf(pseudo: Record<string, string>, lines: RawHeaders, scheme: string): ProxyError | null {
  const unserved = pseudo[':method'] === 'CONNECT' ? unservedConnect(pseudo[':protocol'], lines) : null
  if (unserved !== null) return unserved
  if (!headerValues(lines, 'expect').every(isExpected)) return new ProxyError('expectation-failed')
  const asked = pseudo[':scheme']
  if (asked !== undefined && asked.toLowerCase() !== scheme) return new ProxyError('host-mismatch', 'another scheme')
  const isSame = isSameName(pseudo[':authority'], headerValue(lines, 'host'))
  return isSame ? null : new ProxyError('host-mismatch', 'Host differs from :authority')
}

/** One that is missing contradicts nothing. */
function isSameName(authority: string | undefined, host: string | null): boolean {
  if (authority === undefined || host === null || host === authority) return true
  const [a, b] = [parseAuthority(authority), parseAuthority(host)]
  return a.ok && b.ok && a.host === b.host && a.port === b.port
}

const isExpected = (value: string): boolean => value.trim().toLowerCase() === '100-continue'

function unservedConnect(protocol: string | undefined, lines: RawHeaders): ProxyError | null {
  if (protocol === undefined) return new ProxyError('nested-connect')
  if (!isWebSocketName(protocol)) return new ProxyError('protocol-unsupported')
  // It would go on to the upstream, whose connection it has nothing to say of.
  return headerValue(lines, 'content-length') === null
    ? null
    : new ProxyError('bad-request', 'a WebSocket has no length')
}

/** Of what is refused both names are kept, for its record. */
function linesOf(
  pseudo: Record<string, string>,
  lines: string[],
  { isRefused, isWebSocket }: { readonly isRefused: boolean; readonly isWebSocket: boolean },
): HeadLines {
  const { ':method': method = '', ':authority': authority } = pseudo
  if (authority !== undefined && (isRefused || headerValue(lines, 'host') === null)) lines.unshift('host', authority)
  const line = { url: pseudo[':path'] ?? '', httpVersion: '2', rawHeaders: lines }
  if (!isWebSocket) return { ...line, method, headers: {} }
  lines.push('upgrade', 'websocket')
  return { ...line, method: 'GET', headers: { connection: 'upgrade', upgrade: 'websocket' } }
}
