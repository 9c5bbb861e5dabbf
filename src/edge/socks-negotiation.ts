/**
 * The talk before a SOCKS5 tunnel: methods, user and password, request. It reads no byte of the tunnel, holds no more
 * than one message and one chunk, and ends by itself after `timeoutMs`. What follows is up to the callback.
 */
import type { Socket } from 'node:net'
import type { Client } from '../domain/client.ts'
import type { Identified } from '../domain/identity.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import {
  encodeMethod,
  encodePasswordStatus,
  encodeReply,
  encodeSocks4Rejection,
  type InvalidReason,
  METHODS,
  type Parsed,
  parseCredentials,
  parseMethodOffer,
  parseSocksRequest,
} from '../wire/socks5.ts'

export interface UserAndPassword {
  readonly user: Uint8Array
  readonly password: Uint8Array
}

/** Who is it? `null`: nothing was said. Never rejects. */
export type SocksIdentify = (credentials: UserAndPassword | null) => Identified | Promise<Identified>

export type Negotiated =
  /** The socket is paused, the bytes behind the request put back; the client waits for the reply. */
  | { readonly kind: 'request'; readonly client: Client; readonly host: string; readonly port: number }
  /** `farewell` is to be sent, then the connection closed. */
  | { readonly kind: 'refused'; readonly error: ProxyError; readonly farewell: Uint8Array | null }
  /** The client left. */
  | { readonly kind: 'gone' }

export interface NegotiationOptions {
  readonly socket: Socket
  readonly timeoutMs: number
  readonly identify: SocksIdentify
}

/** Negotiate; `callback` runs once. The socket must be paused with its first bytes unread. */
export function negotiateSocks(options: NegotiationOptions, callback: (result: Negotiated) => void): void {
  new Negotiation(options, callback).start()
}

const NOTHING: Buffer = Buffer.alloc(0)

class Negotiation {
  readonly #socket: Socket
  readonly #identify: SocksIdentify
  readonly #callback: (result: Negotiated) => void
  readonly #timer: NodeJS.Timeout
  #seen = NOTHING
  #client: Client | null = null
  /** Reads one message; `null` while somebody is waited for. */
  #step: (() => void) | null = () => this.#onMethods()
  #isFinished = false

  constructor({ socket, timeoutMs, identify }: NegotiationOptions, callback: (result: Negotiated) => void) {
    this.#socket = socket
    this.#identify = identify
    this.#callback = callback
    this.#timer = setTimeout(
      () => this.#refuse(new ProxyError('client-timeout', 'in the SOCKS negotiation'), null),
      timeoutMs,
    )
  }

  start(): void {
    this.#socket.on('data', this.#onData)
    this.#socket.once('end', this.#onGone)
    this.#socket.once('close', this.#onGone)
    this.#socket.resume()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#seen = this.#seen.length === 0 ? chunk : Buffer.concat([this.#seen, chunk])
    // A client that is ahead of its answers is not read any further meanwhile.
    if (this.#step === null) this.#socket.pause()
    else this.#step()
  }

  readonly #onGone = (): void => this.#finish({ kind: 'gone' })

  /** The next message, if it is whole. What is no message ends the talk with what `farewell` says. */
  #take<Message>(
    parse: (bytes: Uint8Array) => Parsed<Message>,
    farewell: (reason: InvalidReason) => Uint8Array | null,
  ): Message | null {
    const parsed = parse(this.#seen)
    if (parsed.kind === 'invalid') {
      const isSocks = parsed.reason !== 'version'
      const error = new ProxyError(isSocks ? 'bad-request' : 'not-proxy-protocol', `SOCKS: ${WORDS[parsed.reason]}`)
      this.#refuse(error, farewell(parsed.reason))
    }
    if (parsed.kind !== 'message') return null
    this.#seen = this.#seen.subarray(parsed.length)
    return parsed.message
  }

  #onMethods(): void {
    const offer = this.#take(parseMethodOffer, (reason) => (reason === 'socks4' ? encodeSocks4Rejection() : null))
    if (offer === null) return
    // Who offers a password wants to be known, also where nobody has to be.
    if (offer.methods.includes(METHODS.password)) {
      this.#socket.write(encodeMethod(METHODS.password))
      this.#go(() => this.#onCredentials())
    } else {
      const hasNone = offer.methods.includes(METHODS.none)
      this.#ask(null, (identified) => {
        if (identified.ok && hasNone) this.#accept(identified.client, encodeMethod(METHODS.none))
        else {
          const error = identified.ok ? new ProxyError('bad-request', 'SOCKS: no known method') : identified.error
          this.#refuse(error, encodeMethod(METHODS.noneAcceptable))
        }
      })
    }
  }

  #onCredentials(): void {
    const credentials = this.#take(parseCredentials, () => encodePasswordStatus(false))
    if (credentials === null) return
    // Some clients send the name of the system's user and an empty password when they were told none.
    this.#ask(credentials.password.length === 0 ? null : credentials, (identified) => {
      if (identified.ok) this.#accept(identified.client, encodePasswordStatus(true))
      else this.#refuse(identified.error, encodePasswordStatus(false))
    })
  }

  #ask(credentials: UserAndPassword | null, then: (identified: Identified) => void): void {
    this.#step = null
    const identified = this.#identify(credentials)
    if (!(identified instanceof Promise)) then(identified)
    else {
      identified.then(
        (value) => {
          if (!this.#isFinished) then(value)
        },
        (error: unknown) => this.#refuse(new ProxyError('internal', null, error), null),
      )
    }
  }

  #accept(client: Client, answer: Uint8Array): void {
    this.#client = client
    this.#socket.write(answer)
    this.#go(() => this.#onRequest())
  }

  #onRequest(): void {
    const request = this.#take(parseSocksRequest, (reason) =>
      encodeReply(reason === 'address-type' ? 'addressTypeNotSupported' : 'failure'),
    )
    const client = this.#client
    if (request === null || client === null) return
    if (request.command === 'connect') {
      const { host, port } = request
      this.#finish({ kind: 'request', client, host, port })
    } else {
      const error = new ProxyError('bad-request', `SOCKS: ${request.command} is not supported`)
      this.#refuse(error, encodeReply('commandNotSupported'))
    }
  }

  #go(step: () => void): void {
    this.#step = step
    this.#socket.resume()
    if (this.#seen.length > 0) step()
  }

  #refuse(error: ProxyError, farewell: Uint8Array | null): void {
    this.#finish({ kind: 'refused', error, farewell })
  }

  #finish(result: Negotiated): void {
    if (this.#isFinished) return
    this.#isFinished = true
    clearTimeout(this.#timer)
    this.#step = null
    this.#socket.removeListener('data', this.#onData)
    this.#socket.removeListener('end', this.#onGone)
    this.#socket.removeListener('close', this.#onGone)
    this.#socket.pause()
    if (result.kind === 'request' && this.#seen.length > 0) this.#socket.unshift(this.#seen)
    this.#callback(result)
  }
}

const WORDS: Readonly<Record<InvalidReason, string>> = {
  version: 'another protocol',
  socks4: 'version 4 is not supported, use version 5',
  methods: 'no method offered',
  'address-type': 'unknown address type',
  host: 'the target is no host',
  port: 'the target has no port',
}
