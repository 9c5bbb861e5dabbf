/**
 * The header by which a balancer says whose connection it hands on: PROXY protocol version 1 and 2 (HAProxy's
 * `proxy-protocol.txt`). Reading it believes nothing: who may send one is the listener's business.
 */

/** The client that the header names. Addresses as sent; not yet in canonical form. */
export interface ProxiedSource {
  readonly address: string
  readonly port: number
}

export type ProxyHeader =
  /** `length`: bytes of the header; what follows belongs to the client. */
  | { readonly kind: 'proxied'; readonly length: number; readonly source: ProxiedSource }
  /** LOCAL, UNKNOWN or an address family that is no IP: the balancer speaks for itself. */
  | { readonly kind: 'local'; readonly length: number }
  | { readonly kind: 'incomplete' }
  /** The first bytes are no such header. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly problem: string }

/** `\r\n\r\n\0\r\nQUIT\n`. */
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const V2_HEAD_BYTES = 16
/** `PROXY `. */
const V1_WORD = Uint8Array.of(0x50, 0x52, 0x4f, 0x58, 0x59, 0x20)
/** Section 2.1: the longest version 1 line, its end included. */
export const MAX_V1_BYTES = 107
/** The format allows 65 551. Addresses and what balancers add (TLS facts, a certificate's subject) need far less. */
export const MAX_V2_BYTES = 16_384

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' }
const invalid = (problem: string): ProxyHeader => ({ kind: 'invalid', problem })

/** Read the header at the start of a connection. Call again with more bytes while it is `incomplete`. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < V2_HEAD_BYTES ? INCOMPLETE : parseV2(bytes)
  if (startsLike(bytes, V1_WORD)) return bytes.length < V1_WORD.length ? INCOMPLETE : parseV1(bytes)
  return { kind: 'absent' }
}

/** Are the bytes a beginning of `mark`, or is `mark` a beginning of them? */
function startsLike(bytes: Uint8Array, mark: Uint8Array): boolean {
  const count = Math.min(bytes.length, mark.length)
  for (let at = 0; at < count; at++) if (bytes[at] !== mark[at]) return false
  return true
}

/** Section 2.1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n`, single spaces, no leading zeros. */
function parseV1(bytes: Uint8Array): ProxyHeader {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf(0x0a)
  if (end === -1) return bytes.length >= MAX_V1_BYTES ? invalid('the line is too long') : INCOMPLETE
  if (bytes[end - 1] !== 0x0d) return invalid('the line does not end with CR LF')
  const line = String.fromCharCode(...bytes.subarray(V1_WORD.length, end - 1))
  const length = end + 1
  const [family = '', ...rest] = line.split(' ')
  // What stands behind UNKNOWN must be ignored.
  if (family === 'UNKNOWN') return { kind: 'local', length }
  if (family !== 'TCP4' && family !== 'TCP6') return invalid('the protocol is none of TCP4, TCP6, UNKNOWN')
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = rest
  const isAddress = family === 'TCP4' ? isIpv4 : isIpv6
  if (rest.length !== 4 || !isAddress(source) || !isAddress(destination)) return invalid('an address is malformed')
  if (!isPort(sourcePort) || !isPort(destinationPort)) return invalid('a port is malformed')
  return { kind: 'proxied', length, source: { address: source, port: Number(sourcePort) } }
}

/** Section 2.2: version and command, family and transport, length; then addresses, then TLVs, which are skipped. */
function parseV2(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const command = view.getUint8(12)
  const family = view.getUint8(13)
  const length = V2_HEAD_BYTES + view.getUint16(14)
  if (command !== 0x20 && command !== 0x21) return invalid('version or command is unknown')
  if (family >> 4 > 3 || (family & 15) > 2) return invalid('address family or transport is unknown')
  if (length > MAX_V2_BYTES) return invalid('the header is too long')
  const addressBytes = family === 0x11 ? 12 : family === 0x21 ? 36 : 0
  if (command === 0x21 && length - V2_HEAD_BYTES < addressBytes) return invalid('the addresses are cut')
  if (bytes.length < length) return INCOMPLETE
  if (command === 0x20 || addressBytes === 0) return { kind: 'local', length }
  const isV4 = addressBytes === 12
  return {
    kind: 'proxied',
    length,
    source: {
      address: isV4 ? dotted(bytes.subarray(16, 20)) : hextets(view, 16),
      port: view.getUint16(isV4 ? 24 : 48),
    },
  }
}

const dotted = (bytes: Uint8Array): string => bytes.join('.')

const hextets = (view: DataView, at: number): string =>
  Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2).toString(16)).join(':')

const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/u.test(text) && Number(text) <= 65_535

const isIpv4 = (text: string): boolean => {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/u.test(part) && Number(part) <= 255)
}

/** Groups of hex digits with at most one gap; an IPv4 tail may stand for the last two. */
function isIpv6(text: string): boolean {
  const gap = text.indexOf('::')
  if (gap !== text.lastIndexOf('::')) return false
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'))
  const head = groups(gap === -1 ? text : text.slice(0, gap))
  const tail = gap === -1 ? [] : groups(text.slice(gap + 2))
  const all = [...head, ...tail]
  const last = all.at(-1) ?? ''
  const hasV4Tail = last.includes('.') && isIpv4(last)
  const hex = hasV4Tail ? all.slice(0, -1) : all
  const count = hex.length + (hasV4Tail ? 2 : 0)
  return hex.every((group) => /^[\da-f]{1,4}$/iu.test(group)) && (gap === -1 ? count === 8 : count < 8)
}
