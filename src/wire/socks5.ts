/**
 * The messages of a SOCKS5 negotiation (RFC 1928) with user and password (RFC 1929), as the server reads and writes
 * them. Every parser takes all bytes so far and answers `incomplete` until its message is whole; none reads beyond it.
 */
import { canonicalHost } from '../domain/destination.ts'

export type Parsed<Message> =
  | { readonly kind: 'message'; readonly message: Message; readonly length: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason }

/** `socks4`: version 4 or 4a; `address-type`: one that RFC 1928 does not know; `host`: no name or address at all. */
export type InvalidReason = 'version' | 'socks4' | 'methods' | 'address-type' | 'host' | 'port'

/** RFC 1928 section 3. */
export const METHODS = { none: 0x00, password: 0x02, noneAcceptable: 0xff } as const

/** RFC 1928 section 6. */
export const REPLIES = {
  succeeded: 0x00,
  failure: 0x01,
  notAllowed: 0x02,
  networkUnreachable: 0x03,
  hostUnreachable: 0x04,
  refused: 0x05,
  ttlExpired: 0x06,
  commandNotSupported: 0x07,
  addressTypeNotSupported: 0x08,
} as const
export type Reply = keyof typeof REPLIES

export interface MethodOffer {
  readonly methods: readonly number[]
}

/** As sent: RFC 1929 says nothing of their encoding. */
export interface Credentials {
  readonly user: Uint8Array
  readonly password: Uint8Array
}

export type SocksRequest =
  | {
      readonly command: 'connect'
      /** Canonical. */
      readonly host: string
      readonly port: number
    }
  | { readonly command: 'bind' | 'udp-associate' | 'unknown' }

/** No whole message of the negotiation is longer (user and password). */
export const MAX_MESSAGE_BYTES = 513

const VERSION = 5
const PASSWORD_VERSION = 1
const COMMANDS = ['unknown', 'connect', 'bind', 'udp-associate'] as const
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const

const INCOMPLETE = { kind: 'incomplete' } as const
const invalid = (reason: InvalidReason) => ({ kind: 'invalid', reason }) as const

/** The first message: which methods of authentication the client offers. */
export function parseMethodOffer(bytes: Uint8Array): Parsed<MethodOffer> {
  const [version, count] = bytes
  if (version === undefined) return INCOMPLETE
  if (version !== VERSION) return invalid(version === 4 ? 'socks4' : 'version')
  if (count === undefined) return INCOMPLETE
  if (count === 0) return invalid('methods')
  const length = 2 + count
  if (bytes.length < length) return INCOMPLETE
  return { kind: 'message', message: { methods: [...bytes.subarray(2, length)] }, length }
}

/** User and password (RFC 1929 section 2). Views into `bytes`, not copies. */
export function parseCredentials(bytes: Uint8Array): Parsed<Credentials> {
  const [version, userLength] = bytes
  if (version === undefined) return INCOMPLETE
  if (version !== PASSWORD_VERSION) return invalid('version')
  if (userLength === undefined) return INCOMPLETE
  const passwordAt = 2 + userLength
  const passwordLength = bytes[passwordAt]
  if (passwordLength === undefined) return INCOMPLETE
  const length = passwordAt + 1 + passwordLength
  if (bytes.length < length) return INCOMPLETE
  const message = { user: bytes.subarray(2, passwordAt), password: bytes.subarray(passwordAt + 1, length) }
  return { kind: 'message', message, length }
}

/** What the client wants (RFC 1928 section 4). */
export function parseSocksRequest(bytes: Uint8Array): Parsed<SocksRequest> {
  const [version, command = 0, , type, first] = bytes
  if (version === undefined) return INCOMPLETE
  if (version !== VERSION) return invalid('version')
  if (type === undefined) return INCOMPLETE
  const size = addressSize(type, first)
  if (size === null) return invalid('address-type')
  if (size === undefined || bytes.length < 4 + size + 2) return INCOMPLETE
  const length = 4 + size + 2
  const name = COMMANDS[command] ?? 'unknown'
  // The others are refused whatever they name: UDP clients send 0.0.0.0:0.
  if (name !== 'connect') return { kind: 'message', message: { command: name }, length }
  const target = readTarget(type, bytes.subarray(4, length))
  return typeof target === 'string' ? invalid(target) : { kind: 'message', message: target, length }
}

function readTarget(type: number, field: Uint8Array): SocksRequest | 'host' | 'port' {
  const host = canonicalHost(addressText(type, field.subarray(0, -2)))
  if (host === null) return 'host'
  const port = ((field.at(-2) ?? 0) << 8) | (field.at(-1) ?? 0)
  return port === 0 ? 'port' : { command: 'connect', host, port }
}

/** Bytes of the address field, its length byte included; `undefined`: not known yet, `null`: no such type. */
function addressSize(type: number, first: number | undefined): number | null | undefined {
  if (type === ADDRESS.ipv4) return 4
  if (type === ADDRESS.ipv6) return 16
  if (type === ADDRESS.name) return first === undefined ? undefined : 1 + first
  return null
}

function addressText(type: number, field: Uint8Array): string {
  if (type === ADDRESS.ipv4) return field.join('.')
  if (type === ADDRESS.name) return String.fromCharCode(...field.subarray(1))
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push((((field[at] ?? 0) << 8) | (field[at + 1] ?? 0)).toString(16))
  return `[${groups.join(':')}]`
}

/** Which method was chosen. */
export const encodeMethod = (method: (typeof METHODS)[keyof typeof METHODS]): Uint8Array =>
  Uint8Array.of(VERSION, method)

/** Whether user and password were right (RFC 1929 section 2). */
export const encodePasswordStatus = (isRight: boolean): Uint8Array => Uint8Array.of(PASSWORD_VERSION, isRight ? 0 : 1)

/** The answer to the request. The bound address is never said: it is of no use for CONNECT and nobody's business. */
export const encodeReply = (reply: Reply): Uint8Array =>
  Uint8Array.of(VERSION, REPLIES[reply], 0, ADDRESS.ipv4, 0, 0, 0, 0, 0, 0)

/** "Rejected" to a client that speaks SOCKS4 or 4a. */
export const encodeSocks4Rejection = (): Uint8Array => Uint8Array.of(0, 0x5b, 0, 0, 0, 0, 0, 0)
