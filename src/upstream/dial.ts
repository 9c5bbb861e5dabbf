/** Opens checked connections: pin, guarded DNS or the parent proxy, TCP, and TLS with the certificate always verified. */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext, TLSSocket } from 'node:tls'
import { formatAuthority } from '../domain/destination.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { AddressGuard } from './address-guard.ts'
import { askParent, type ParentProxy } from './parent-proxy.ts'
import { connectError, parentError } from './upstream-error.ts'

export interface DialTarget {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** A tunnel: the side that ends first must not end the other. */
  readonly isHalfOpen?: boolean
  /** Protocols to offer in the TLS handshake (RFC 7301), best first; `http/1.1` alone when left out. */
  readonly alpn?: readonly string[]
}

/** What the server chose of the offered protocols; `null`: nothing, or no TLS. */
export const chosenProtocol = (socket: Socket): string | null =>
  socket instanceof TLSSocket && typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : null

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
  /** Where all connections go through but those to destinations that it names. */
  readonly parent?: ParentProxy | null
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

/** Names of the machine itself (RFC 6761 section 6.3): through a parent they would be the parent's own. */
const LOCAL_NAME = /(?:^|\.)localhost$/u

/** One connection being made, with a timer over each step: DNS and TCP, the parent's answer, TLS. */
class Dialling {
  readonly #options: DialerOptions
  readonly #secureContext: SecureContext
  readonly #sessions: Map<string, Buffer>
  readonly #target: DialTarget
  readonly #callback: DialCallback
  /** The parent that this connection goes through. */
  readonly #parent: ParentProxy | null
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
    const { parent = null } = options
    this.#parent = parent?.isBypassed(target.host, target.port) === false ? parent : null
    this.#timer = setTimeout(() => this.#timedOut(null), options.connectMs)
    if (this.#parent === null) this.#connect()
    else this.#connectParent(this.#parent)
  }

  readonly abandon = (): void => {
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#socket?.on('error', ignoreLateError)
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
      else this.#failSoon(new ProxyError('address-refused', refusal))
      return
    }
    const lookup = this.#options.lookup ?? dnsLookup
    lookup(host, { all: true }, (error, addresses) => this.#resolved(error, addresses))
  }

  /** The parent resolves names, so only what stands in the request can be checked here. Its own address is configured, and free. */
  #connectParent(parent: ParentProxy): void {
    const { host, port } = this.#target
    const isPinned = this.#options.pins[`${host}:${port}`] !== undefined
    const refusal =
      isIP(host) !== 0
        ? this.#options.guard.refusal(host, port, host)
        : LOCAL_NAME.test(host)
          ? `\`${host}\` is this machine`
          : null
    if (refusal !== null && !isPinned) this.#failSoon(new ProxyError('address-refused', refusal))
    else this.#open(parent.host, parent.port)
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
      ...(this.#options.lookup === undefined || checked !== undefined ? {} : { lookup: this.#options.lookup }),
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
    const onError = (error: Error): void => this.#fail(this.#parent === null ? connectError(error) : parentError(error))
    socket.once('error', onError)
    socket.once('connect', () => {
      socket.setKeepAlive(true, 60_000)
      socket.removeListener('error', onError)
      if (this.#parent === null) this.#reached(socket)
      else if (this.#parent.isTls) this.#secureParent(socket, this.#parent)
      else this.#askParent(socket, this.#parent)
    })
  }

  #secureParent(tcp: Socket, parent: ParentProxy): void {
    this.#restartTimer(this.#options.handshakeMs, 'TLS handshake')
    const socket = connectTls({
      socket: tcp,
      secureContext: this.#secureContext,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      host: parent.host,
      ...(isIP(parent.host) === 0 ? { servername: parent.host } : {}),
    })
    this.#socket = socket
    const onError = (error: Error): void => this.#fail(parentError(error))
    socket.once('error', onError)
    socket.once('secureConnect', () => {
      socket.removeListener('error', onError)
      this.#askParent(socket, parent)
    })
  }

  #askParent(socket: Socket, parent: ParentProxy): void {
    this.#restartTimer(this.#options.connectMs, 'no answer to CONNECT')
    const onError = (error: Error): void => this.#fail(parentError(error))
    socket.once('error', onError)
    const { host, port, isTls } = this.#target
    const authority = this.#options.pins[`${host}:${port}`] ?? formatAuthority(host, port)
    askParent(socket, { authority, authorization: parent.authorization }, (error) => {
      socket.removeListener('error', onError)
      if (error !== null) this.#fail(error)
      else if (isTls && socket.readableLength > 0) {
        this.#fail(new ProxyError('parent-refused', 'it sent bytes before the TLS handshake'))
      } else this.#reached(socket)
    })
  }

  /** The bytes that follow go to the destination. */
  #reached(socket: Socket): void {
    if (this.#target.isTls) this.#secure(socket)
    else this.#succeed(socket)
  }

  #secure(tcp: Socket): void {
    this.#restartTimer(this.#options.handshakeMs, 'TLS handshake')
    const { host, port } = this.#target
    const key = `${host}:${port}`
    const session = this.#sessions.get(key)
    const socket = connectTls({
      socket: tcp,
      secureContext: this.#secureContext,
      ALPNProtocols: [...(this.#target.alpn ?? ['http/1.1'])],
      minVersion: 'TLSv1.2',
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(session === undefined ? {} : { session }),
    })
    this.#socket = socket
    const onError = (error: Error): void => {
      this.#sessions.delete(key)
      this.#fail(connectError(error))
    }
    socket.once('error', onError)
    socket.on('session', (fresh) => this.#keepSession(key, fresh))
    socket.once('secureConnect', () => {
      socket.removeListener('error', onError)
      this.#succeed(socket)
    })
  }

  #keepSession(key: string, session: Buffer): void {
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    if (this.#sessions.size <= MAX_SESSIONS) return
    const [oldest] = this.#sessions.keys()
    if (oldest !== undefined) this.#sessions.delete(oldest)
  }

  #restartTimer(ms: number, detail: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#timedOut(detail), ms)
  }

  #timedOut(detail: string | null): void {
    const where = this.#parent === null ? detail : `parent proxy${detail === null ? '' : `: ${detail}`}`
    this.#fail(new ProxyError('connect-timeout', where))
  }

  #succeed(socket: Socket): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#callback(null, socket)
  }

  #failSoon(error: ProxyError): void {
    queueMicrotask(() => this.#fail(error))
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
