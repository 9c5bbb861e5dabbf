/**
 * The talk before a SOCKS5 tunnel: methods, user and password, request. It reads no byte of the tunnel, holds no more
 * than one message and one chunk, and ends by itself after `timeoutMs`. What follows is up to the callback.
 */
import type { Socket } from 'node:net'
import type { Admitted } from '../domain/identity.ts'
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

/** Who is it? `credentials` null: nothing was said. `settle` is called once; with `null` the client is refused. */
export type SocksAdmit = (credentials: UserAndPassword | null, settle: (admitted: Admitted | null) => void) => void

export type Negotiated =
  /** The socket is paused, the bytes behind the request put back; the client waits for the reply. */
  | { readonly kind: 'request'; readonly admitted: Admitted; readonly host: string; readonly port: number }
  /** `farewell` is to be sent, then the connection closed. `error` null: whoever did not admit it has told why. */
  | { readonly kind: 'refused'; readonly error: ProxyError | null; readonly farewell: Uint8Array | null }
  /** The client left. */
  | { readonly kind: 'gone' }

export interface NegotiationOptions {
  readonly socket: Socket
  readonly timeoutMs: number
  readonly admit: SocksAdmit
}

/** Negotiate; `callback` runs once. The socket must be paused with its first bytes unread. */
export function negotiateSocks(options: NegotiationOptions, callback: (result: Negotiated) => void): void {
  new Negotiation(options, callback).start()
}

const NOTHING: Buffer = Buffer.alloc(0)

class Negotiation {
  readonly #socket: Socket
  readonly #admit: SocksAdmit
  readonly #callback: (result: Negotiated) => void
  readonly #timer: NodeJS.Timeout
  #seen = NOTHING
  #admitted: Admitted | null = null
  /** Reads one message; `null` while somebody is waited for. */
  #step: (() => void) | null = () => this.#onMethods()
  #isFinished = false

  constructor({ socket, timeoutMs, admit }: NegotiationOptions, callback: (result: Negotiated) => void) {
    this.#socket = socket
    this.#admit = admit
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
      this.#ask(null, (admitted) => {
        if (admitted !== null && hasNone) this.#accept(admitted, encodeMethod(METHODS.none))
        else {
          const error = admitted === null ? null : new ProxyError('bad-request', 'SOCKS: no known method')
          this.#refuse(error, encodeMethod(METHODS.noneAcceptable))
        }
      })
    }
  }

  #onCredentials(): void {
    const credentials = this.#take(parseCredentials, () => encodePasswordStatus(false))
    if (credentials === null) return
    // Some clients send the name of the system's user and an empty password when they were told none.
    this.#ask(credentials.password.length === 0 ? null : credentials, (admitted) => {
      if (admitted !== null) this.#accept(admitted, encodePasswordStatus(true))
      else this.#refuse(null, encodePasswordStatus(false))
    })
  }

  #ask(credentials: UserAndPassword | null, then: (admitted: Admitted | null) => void): void {
    this.#step = null
    this.#admit(credentials, (admitted) => {
      if (!this.#isFinished) then(admitted)
    })
  }

  #accept(admitted: Admitted, answer: Uint8Array): void {
    this.#admitted = admitted
    this.#socket.write(answer)
    this.#go(() => this.#onRequest())
  }

  #onRequest(): void {
    const request = this.#take(parseSocksRequest, (reason) =>
      encodeReply(reason === 'address-type' ? 'addressTypeNotSupported' : 'failure'),
    )
    const admitted = this.#admitted
    if (request === null || admitted === null) return
    if (request.command === 'connect') {
      const { host, port } = request
      this.#finish({ kind: 'request', admitted, host, port })
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

  #refuse(error: ProxyError | null, farewell: Uint8Array | null): void {
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
