/** Header lines as HTTP/2 carries them (RFC 9113 section 8.2). */
import type { RawHeaders } from '../domain/headers.ts'

/** Of one connection only: a message that holds them is malformed. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te',
])

/** Names in lower case, lines of one connection and pseudo-headers left out; order and repeats kept. */
export function http2Lines(headers: RawHeaders): string[] {
  const lines: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    if (CONNECTION_SPECIFIC.has(name) || name.startsWith(':')) continue
    lines.push(name, headers[index + 1] ?? '')
  }
  return lines
}
