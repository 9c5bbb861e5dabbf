/**
 * Connections that a packet filter redirected here: the client thinks that it speaks to the destination, and nobody says
 * which that was. So the name decides, the SNI of TLS or the Host of plain HTTP, and Weir dials the name's own address.
 * A connection without a name has no destination and is refused.
 */
import type { Socket } from 'node:net'
import type { FirstBytes } from '../domain/decision.ts'
import { canonicalHost, isIpLiteral, parseAuthority } from '../domain/destination.ts'
import type { ConnectionFacts } from '../domain/identity.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure } from '../flow/failure.ts'
import { admitRequest } from './admit.ts'
import { peekFirstBytes } from './first-bytes.ts'
import { sendRawAnswer } from './local-answer.ts'
import { type HeadHost, peekRequestHost } from './peek-request-host.ts'
import { type Greeting, runTunnel, type TunnelDeps } from './run-tunnel.ts'

export interface TransparentOptions {
  readonly tunnels: TunnelDeps
  readonly socket: Socket
  readonly facts: ConnectionFacts
  /** The port that the redirected clients meant; `null`: 443 for TLS, 80 for HTTP. */
  readonly port: number | null
  /**
   * Is this a connection that this proxy opened itself, sent back by the packet filter? Asked when its first bytes are
   * there: a connection may be accepted here before the one who dialled it hears that it stands.
   */
  readonly isOwn: () => boolean
  /** There is no destination, or it is this proxy itself: called before the connection is closed. */
  readonly onStray: (code: 'no-destination' | 'address-refused', problem: string) => void
}

const TLS_PORT = 443
const HTTP_PORT = 80

/** Serve one connection whose first bytes are unread. */
export function serveTransparent(options: TransparentOptions): void {
  const { socket, tunnels } = options
  const { headerMs } = tunnels.settings.timeouts
  peekFirstBytes(socket, headerMs, (peeked) => {
    if (peeked.kind === 'gone') socket.destroy()
    else if (options.isOwn()) {
      options.onStray('address-refused', 'a connection of this proxy was redirected to itself')
      socket.destroy()
    } else if (peeked.first.kind === 'tls') onHello(options, peeked.first)
    else if (peeked.first.kind === 'http') {
      const limits = { timeoutMs: headerMs, maxBytes: tunnels.settings.headers.maxHeaderBytes }
      peekRequestHost(socket, limits, (found) => onRequest(options, found))
    } else refuse(options, 'neither TLS nor HTTP')
  })
}

function onHello(options: TransparentOptions, { sni }: Extract<FirstBytes, { kind: 'tls' }>): void {
  if (sni === null) refuse(options, 'TLS without a server name')
  // RFC 6066 section 3 knows no addresses there.
  else if (canonicalHost(sni) !== sni || isIpLiteral(sni)) refuse(options, 'the server name is no name')
  else start(options, sni, options.port ?? TLS_PORT, SILENT)
}

function onRequest(options: TransparentOptions, found: HeadHost): void {
  const { socket } = options
  const port = options.port ?? HTTP_PORT
  if (found.kind === 'gone') {
    socket.destroy()
    return
  }
  if (found.kind === 'none') {
    refuse(options, found.problem, greetingByHttp)
    return
  }
  const target = parseAuthority(found.authority)
  if (!target.ok) refuse(options, target.problem, greetingByHttp)
  else if (target.port !== null && target.port !== port) {
    refuse(options, `Host names port ${target.port}, this listener stands for ${port}`, greetingByHttp)
  } else start(options, target.host, port, greetingByHttp)
}

/** Such a client cannot be asked for a proof of who it is: where one is needed, it is refused. */
function start({ tunnels, socket, facts }: TransparentOptions, host: string, port: number, greet: MakeGreeting): void {
  const { ports } = tunnels
  const context = { client: ports.identity.ofConnection(facts), facts, tunnel: null }
  const refuse = (): void => {
    const error = new ProxyError('client-not-allowed', 'nobody can be asked here who it is: use a proxy setting')
    greet(socket).refuse(error, ports.flow.newId())
  }
  admitRequest(
    ports,
    { context, headers: [], destination: { host, port }, own: socket },
    {
      admit: (admitted) => runTunnel(tunnels, socket, { ...admitted, host, port }, greet(socket)),
      refuse,
      cut: refuse,
    },
  )
}

function refuse(options: TransparentOptions, problem: string, greet: MakeGreeting = SILENT): void {
  options.onStray('no-destination', problem)
  greet(options.socket).refuse(new ProxyError('no-destination', problem), options.tunnels.ports.flow.newId())
}

type MakeGreeting = (socket: Socket) => Greeting

/** The client knows of no proxy: it hears nothing but its destination. */
const nothing = (): undefined => undefined

const SILENT: MakeGreeting = (socket) => ({
  established: nothing,
  refuse: () => {
    socket.destroy()
  },
})

/** Plain HTTP has words for a refusal. */
const greetingByHttp: MakeGreeting = (socket) => ({
  established: nothing,
  refuse: (error, flow) => {
    const answer = answerFailure(error, flow)
    if (answer === null) socket.destroy()
    else sendRawAnswer(socket, answer)
  },
})
