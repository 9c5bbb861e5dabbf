/** The opening handshake of a WebSocket (RFC 6455 section 4), as far as a proxy checks it. */
import { hash } from 'node:crypto'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** What a server that saw the key answers (section 4.2.2). */
export const acceptFor = (key: string): string => hash('sha1', `${key}${GUID}`, 'base64')

/**
 * Does an upgrade ask for a WebSocket, and for nothing else beside it? An upgrade without an `Upgrade` line was told by
 * its scheme. Versions other than 13 have other frames.
 */
export function asksForWebSocket(headers: RawHeaders): boolean {
  const version = headerValue(headers, 'sec-websocket-version')
  if (version !== null && version.trim() !== '13') return false
  return headerValues(headers, 'upgrade').every((value) => value.trim().toLowerCase() === 'websocket')
}

/** Why a 101 does not fit what was asked; `null` when it does. */
export function mismatchOf(asked: RawHeaders, answered: RawHeaders): string | null {
  const key = headerValue(asked, 'sec-websocket-key')?.trim() ?? ''
  if (headerValue(answered, 'sec-websocket-accept')?.trim() !== acceptFor(key))
    return 'the wrong `Sec-WebSocket-Accept`'
  const protocol = headerValue(answered, 'sec-websocket-protocol')?.trim()
  const offered = headerValues(asked, 'sec-websocket-protocol').flatMap((value) => value.split(','))
  const isOffered = protocol === undefined || offered.some((value) => value.trim() === protocol)
  return isOffered ? null : 'a subprotocol that nobody offered'
}
