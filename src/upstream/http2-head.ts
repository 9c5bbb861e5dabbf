/** Heads on their way into and out of HTTP/2 (RFC 9113 section 8). */
import { formatAuthority } from '../domain/destination.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { UpstreamRequest } from '../flow/ports.ts'

/** Lines that belong to one HTTP/1 connection (RFC 9113 section 8.2.2), and Host, which `:authority` replaces. */
const NOT_IN_HTTP2: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** The header list of a request, flat: pseudo headers first, names in lower case, order and repeats kept. */
export function requestFields(request: UpstreamRequest): string[] {
  const { destination, headers } = request
  const { scheme, host, port } = destination
  const standardPort = scheme === 'https' ? 443 : 80
  const bare = host.includes(':') ? `[${host}]` : host
  const authority = headerValue(headers, 'host') ?? (port === standardPort ? bare : formatAuthority(host, port))
  const fields = [
    ':method',
    request.method,
    ':scheme',
    scheme,
    ':authority',
    authority,
    ':path',
    request.target,
    ...endToEndFields(headers),
  ]
  // Trailers are passed on both ways, and gRPC servers refuse requests that do not say so.
  if (/(?:^|,)\s*trailers\s*(?:;|,|$)/iu.test(headerValue(headers, 'te') ?? '')) fields.push('te', 'trailers')
  return fields
}

function endToEndFields(headers: RawHeaders): string[] {
  const fields: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    if (!NOT_IN_HTTP2.has(name) && !name.startsWith(':')) fields.push(name, headers[index + 1] ?? '')
  }
  return fields
}

/** Trailers as node:http2 takes them. */
export function trailerFields(trailers: RawHeaders): Record<string, string[]> {
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  const flat = endToEndFields(trailers)
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? ''
    fields[name] = [...(fields[name] ?? []), flat[index + 1] ?? '']
  }
  return fields
}

export interface ResponseFields {
  readonly status: number
  readonly headers: string[]
}

/** Of a flat header list as received: nghttp2 has checked that there is one `:status` and no connection header. */
export function responseFields(raw: readonly string[]): ResponseFields {
  let status = 0
  const headers: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (name === ':status') status = Number(value)
    else if (!name.startsWith(':')) headers.push(name, value)
  }
  return { status, headers }
}
