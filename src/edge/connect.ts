/** HTTP CONNECT: a tunnel that was asked for by a request. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { parseAuthority } from '../domain/destination.ts'
import type { Admitted } from '../domain/identity.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure } from '../flow/failure.ts'
import { sendRawAnswer } from './local-answer.ts'
import { type Greeting, runTunnel, type TunnelDeps } from './run-tunnel.ts'

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n'

/** Handle one CONNECT request; everything after it is recorded by the tunnel itself. */
export function handleConnect(deps: TunnelDeps, request: IncomingMessage, head: Buffer, admitted: Admitted): void {
  // node:http hands over the connection's own socket as a Duplex; here it is with its right type.
  const { socket } = request
  socket.on('error', ignore)
  const target = parseAuthority(request.url ?? '')
  if (!target.ok || target.port === null) {
    const error = new ProxyError('bad-authority', target.ok ? 'the port is missing' : target.problem)
    deps.ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
    refuse(socket, error, deps.ports.flow.newId())
    return
  }
  if (head.length > 0) socket.unshift(head)
  runTunnel(deps, socket, { ...admitted, host: target.host, port: target.port }, greetingOn(socket, admitted.reply))
}

const greetingOn = (socket: Socket, reply: string | undefined): Greeting => ({
  established: () => {
    socket.write(`${ESTABLISHED}${reply === undefined ? '' : `Proxy-Authenticate: ${reply}\r\n`}\r\n`)
  },
  refuse: (error, flow) => refuse(socket, error, flow),
})

function refuse(socket: Socket, error: ProxyError, flow: string): void {
  const answer = answerFailure(error, flow)
  if (answer === null) socket.destroy()
  else sendRawAnswer(socket, answer)
}

/** A reset shows as 'close' as well, and that is where it is handled. */
function ignore(): undefined {
  return undefined
}
