/** Reads a TLS ClientHello out of the first bytes of a connection (RFC 8446 section 4.1.2). Never throws, never guesses. */

export interface ClientHello {
  /** Host name of the server_name extension, as sent; `null` without one. */
  readonly sni: string | null
  /** Protocol names of the ALPN extension, in order. */
  readonly alpn: readonly string[]
  /**
   * An outer encrypted_client_hello extension is there (draft-ietf-tls-esni). GREASE looks the same on the wire:
   * whether it matters is for policy, which knows the outer names of real fronts.
   */
  readonly hasEch: boolean
}

export type HelloResult =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }

const RECORD_HANDSHAKE = 22
const HANDSHAKE_CLIENT_HELLO = 1
const EXTENSION_SERVER_NAME = 0
const EXTENSION_ALPN = 16
const EXTENSION_ECH = 0xfe0d
/** A hello larger than this is refused: Chrome's with post-quantum shares is about 1.8 KB. */
const MAX_HELLO_BYTES = 65_536

const incomplete: HelloResult = { kind: 'incomplete' }
const invalid: HelloResult = { kind: 'invalid' }

/** Reads big-endian numbers and slices; every read past the end gives `null` or an empty slice via `isShort`. */
class Cursor {
  readonly #bytes: Uint8Array
  #at = 0
  #isShort = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Something was read past the end. A method, so that every call looks again. */
  isShort(): boolean {
    return this.#isShort
  }

  markShort(): void {
    this.#isShort = true
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  number(width: 1 | 2 | 3): number {
    let value = 0
    for (const byte of this.bytes(width)) value = value * 256 + byte
    return value
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) {
      this.#isShort = true
      this.#at = this.#bytes.length
      return new Uint8Array(length)
    }
    const slice = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return slice
  }

  /** A vector with a length prefix of `width` bytes. */
  vector(width: 1 | 2 | 3): Cursor {
    const length = this.number(width)
    if (length > this.left) {
      this.#isShort = true
      return new Cursor(new Uint8Array(0))
    }
    return new Cursor(this.bytes(length))
  }
}

/** Parse the first bytes of a connection. `incomplete`: call again with more bytes in front of these. */
export function parseClientHello(bytes: Uint8Array): HelloResult {
  const message = joinRecords(bytes)
  if (message === 'invalid') return invalid
  if (message.length < 4) return bytes.length > MAX_HELLO_BYTES ? invalid : incomplete
  if (message[0] !== HANDSHAKE_CLIENT_HELLO) return invalid
  const length = ((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0)
  if (length > MAX_HELLO_BYTES) return invalid
  if (message.length < 4 + length) return incomplete
  return readHello(new Cursor(message.subarray(4, 4 + length)))
}

/** Handshake bytes of the leading TLS records: a hello may be split over records. */
function joinRecords(bytes: Uint8Array): Uint8Array | 'invalid' {
  const parts: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] !== RECORD_HANDSHAKE) return parts.length === 0 ? 'invalid' : concat(parts)
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return 'invalid'
    if (at + 5 > bytes.length) break
    const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)
    if (length === 0 || length > 16_640) return 'invalid'
    parts.push(bytes.subarray(at + 5, Math.min(at + 5 + length, bytes.length)))
    at += 5 + length
  }
  return concat(parts)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts[0]
  if (only !== undefined && parts.length === 1) return only
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** A hello may end before them (RFC 5246 section 7.4.1.2). */
const NO_EXTENSIONS = new Cursor(new Uint8Array(0))

function readHello(cursor: Cursor): HelloResult {
  cursor.bytes(2 + 32) // legacy version, random
  cursor.vector(1) // session id
  cursor.vector(2) // cipher suites
  cursor.vector(1) // compression
  if (cursor.isShort()) return invalid
  let sni: string | null = null
  let alpn: string[] = []
  let hasEch = false
  const extensions = cursor.left === 0 ? NO_EXTENSIONS : cursor.vector(2)
  while (extensions.left > 0) {
    const type = extensions.number(2)
    const body = extensions.vector(2)
    if (extensions.isShort()) return invalid
    if (type === EXTENSION_SERVER_NAME) sni = readServerName(body)
    else if (type === EXTENSION_ALPN) alpn = readAlpn(body)
    else if (type === EXTENSION_ECH) hasEch = body.number(1) === 0
    if (body.isShort()) return invalid
  }
  return cursor.isShort() ? invalid : { kind: 'hello', hello: { sni, alpn, hasEch } }
}

function readServerName(body: Cursor): string | null {
  const names = body.vector(2)
  while (names.left > 0) {
    const type = names.number(1)
    const name = names.vector(2)
    if (names.isShort()) body.markShort()
    else if (type === 0) return latin1(name.bytes(name.left))
  }
  return null
}

function readAlpn(body: Cursor): string[] {
  const names: string[] = []
  const list = body.vector(2)
  while (list.left > 0) {
    const name = list.vector(1)
    if (list.isShort()) body.markShort()
    names.push(latin1(name.bytes(name.left)))
  }
  return names
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
