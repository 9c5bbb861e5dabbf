/** Tells from the first bytes of a connection what speaks there. */

export type Sniffed = 'tls' | 'http' | 'bytes' | 'incomplete'

/** The longest registered method is 17 characters (`UPDATEREDIRECTREF`, RFC 4437). */
const MAX_METHOD_LENGTH = 17

/**
 * `tls`: a handshake record; `http`: a method, a space and a target that HTTP/1 allows; `bytes`: anything else, also
 * the HTTP/2 preface in clear text and a PROXY protocol header that nobody asked for; `incomplete`: too few bytes to tell.
 */
export function sniff(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return 'incomplete'
  if (bytes[0] === 0x16) return bytes.length === 1 ? 'incomplete' : bytes[1] === 3 ? 'tls' : 'bytes'
  let at = 0
  while (at < bytes.length && isUpper(bytes[at] ?? 0)) at++
  if (at > MAX_METHOD_LENGTH) return 'bytes'
  if (at === bytes.length) return 'incomplete'
  if (at < 3 || bytes[at] !== 0x20) return 'bytes'
  if (at === 3 && bytes[0] === 0x50 && bytes[1] === 0x52 && bytes[2] === 0x49) return 'bytes' // PRI * HTTP/2.0
  if (at === 5 && isProxyWord(bytes)) return 'bytes'
  const next = bytes[at + 1]
  if (next === undefined) return 'incomplete'
  return next > 0x20 && next < 0x7f ? 'http' : 'bytes'
}

/** `PROXY `: no method of any registry. */
const isProxyWord = (bytes: Uint8Array): boolean =>
  [0x50, 0x52, 0x4f, 0x58, 0x59].every((byte, at) => bytes[at] === byte)

const isUpper = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f
