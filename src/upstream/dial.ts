/** Opens checked connections: pin or guarded DNS, TCP, and TLS with the certificate always verified. */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { ProxyError } from '../domain/proxy-error.ts'
import type { AddressGuard } from './address-guard.ts'
import { connectError } from './upstream-error.ts'

export interface DialTarget {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** A tunnel: the side that ends first must not end the other. */
  readonly isHalfOpen?: boolean
}

export type DialCallback = (error: ProxyError | null, socket: Socket | null) => void

export interface Dialer {
  /** Calls back once. The socket is connected, and for TLS verified. Returns a function that gives up. */
  readonly dial: (target: DialTarget, callback: DialCallback) => () => void
}

export interface DialerOptions {
  readonly guard: AddressGuard
  /** `host:port` → `address:port`: skips DNS and guard, never the certificate checks. */
  readonly pins: Readonly<Record<string, string>>
  /** PEM roots on top of the system's and Node's. */
  readonly extraRoots: readonly string[]
  readonly connectMs: number
  readonly handshakeMs: number
  /** For tests that need an own resolver. */
  readonly lookup?: typeof dnsLookup
}

/** How many TLS sessions are kept for resumption. */
const MAX_SESSIONS = 500

export function createDialer(options: DialerOptions): Dialer {
  const secureContext = createSecureContext({ ca: [...getCACertificates('default'), ...options.extraRoots] })
  const sessions = new Map<string, Buffer>()
  return {
    dial: (target, callback) => new Dialling(options, secureContext, sessions, target, callback).abandon,
  }
}

/** One connection being made, with one timer over DNS and TCP and another over TLS. */
class Dialling {
  readonly #options: DialerOptions
  readonly #secureContext: SecureContext
  readonly #sessions: Map<string, Buffer>
  readonly #target: DialTarget
  readonly #callback: DialCallback
  #timer: NodeJS.Timeout
  #socket: Socket | null = null
  #isDone = false

  constructor(
    options: DialerOptions,
    secureContext: SecureContext,
    sessions: Map<string, Buffer>,
    target: DialTarget,
    callback: DialCallback,
  ) {
    this.#options = options
    this.#secureContext = secureContext
    this.#sessions = sessions
    this.#target = target
    this.#callback = callback
    this.#timer = setTimeout(() => this.#fail(new ProxyError('connect-timeout')), options.connectMs)
    this.#connect()
  }

  readonly abandon = (): void => {
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #connect(): void {
    const { host, port } = this.#target
    const pin = this.#options.pins[`${host}:${port}`]
    if (pin !== undefined) {
      const colon = pin.lastIndexOf(':')
      this.#open(pin.slice(0, colon).replace(/^\[|\]$/gu, ''), Number(pin.slice(colon + 1)))
      return
    }
    if (isIP(host) !== 0) {
      const refusal = this.#options.guard.refusal(host, port, host)
      if (refusal === null) this.#open(host, port)
      else queueMicrotask(() => this.#fail(new ProxyError('address-refused', refusal)))
      return
    }
    const lookup = this.#options.lookup ?? dnsLookup
    lookup(host, { all: true }, (error, addresses) => this.#resolved(error, addresses))
  }

  #resolved(error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    if (this.#isDone) return
    const { host, port } = this.#target
    if (error !== null) {
      this.#fail(new ProxyError('dns-failed', error.code ?? null, error))
      return
    }
    let refusal: string | null = 'the name has no address'
    const allowed = addresses.filter(({ address }) => {
      const why = this.#options.guard.refusal(address, port, host)
      refusal = why ?? refusal
      return why === null
    })
    if (allowed.length === 0) this.#fail(new ProxyError('address-refused', refusal))
    else this.#open(host, port, allowed)
  }

  /** `checked`: the addresses that passed the guard; Node tries them in turn and asks no resolver again. */
  #open(host: string, port: number, checked?: readonly LookupAddress[]): void {
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      allowHalfOpen: this.#target.isHalfOpen === true,
      ...(checked === undefined
        ? {}
        : {
            autoSelectFamily: true,
            lookup: (_name, lookupOptions, done) => {
              const [first] = checked
              if (lookupOptions.all === true) done(null, [...checked])
              else done(null, first?.address ?? '', first?.family)
            },
          }),
    })
    this.#socket = socket
    socket.once('error', this.#onError)
    socket.once('connect', () => {
      socket.setKeepAlive(true, 60_000)
      if (this.#target.isTls) this.#secure(socket)
      else this.#succeed(socket)
    })
  }

  #secure(tcp: Socket): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => this.#fail(new ProxyError('connect-timeout', 'TLS handshake')),
      this.#options.handshakeMs,
    )
    const { host, port } = this.#target
    const key = `${host}:${port}`
    const session = this.#sessions.get(key)
    tcp.removeListener('error', this.#onError)
    const socket = connectTls({
      socket: tcp,
      secureContext: this.#secureContext,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(session === undefined ? {} : { session }),
    })
    this.#socket = socket
    socket.once('error', this.#onError)
    socket.on('session', (fresh) => this.#keepSession(key, fresh))
    socket.once('secureConnect', () => this.#succeed(socket))
  }

  #keepSession(key: string, session: Buffer): void {
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    if (this.#sessions.size <= MAX_SESSIONS) return
    const [oldest] = this.#sessions.keys()
    if (oldest !== undefined) this.#sessions.delete(oldest)
  }

  readonly #onError = (error: Error): void => {
    if (this.#target.isTls) this.#sessions.delete(`${this.#target.host}:${this.#target.port}`)
    this.#fail(connectError(error))
  }

  #succeed(socket: Socket): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    socket.removeListener('error', this.#onError)
    this.#callback(null, socket)
  }

  #fail(error: ProxyError): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#socket?.on('error', ignoreLateError)
    this.#socket?.destroy()
    this.#callback(error, null)
  }
}

/** After a connection was given up its socket may still report an error; the reason is known already. */
function ignoreLateError(): undefined {
  return undefined
}
