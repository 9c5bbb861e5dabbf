/** Upgrade requests (WebSocket): refused where they would have to be read, else relayed unread until part 2 reads frames. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Client } from '../domain/client.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import { type Exchange, openExchange } from '../flow/exchange.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import { sendRawAnswer } from './local-answer.ts'
import type { EdgePorts, RelayEnd } from './ports.ts'
import { destinationOf, type ReadHead } from './request-head.ts'

export interface UpgradeRun {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly client: Client
  readonly read: ReadHead
}

/** The promise resolves when the connection is over and recorded. */
export async function runUpgrade(ports: EdgePorts, run: UpgradeRun): Promise<void> {
  const { request, socket, read } = run
  const exchange = openExchange(ports.flow, {
    client: run.client,
    head: read.head,
    http: request.httpVersion,
    hasBody: false,
  })
  if (exchange.plan.kind === 'answer') {
    sendRawAnswer(socket, exchange.plan.answer)
    await finish(exchange, { status: exchange.plan.answer.status, bytesIn: 0, bytesOut: 0, error: null })
    return
  }
  const refusal = await exchange.commit()
  if (refusal !== null) {
    sendRawAnswer(socket, refusal)
    await finish(exchange, { status: refusal.status, bytesIn: 0, bytesOut: 0, error: null })
    return
  }
  await finish(exchange, await relay(ports, exchange, run))
}

function relay(ports: EdgePorts, exchange: Exchange, run: UpgradeRun): Promise<RelayEnd> {
  const { request, socket, head, read } = run
  const headers = [
    ...exchange.requestHeaders(endToEndHeaders(request.rawHeaders)),
    'Connection',
    'Upgrade',
    'Upgrade',
    request.headers.upgrade ?? 'websocket',
  ]
  return new Promise((resolve) => {
    ports.passThrough.upgrade(
      request,
      socket,
      head,
      { destination: destinationOf(read), target: read.target, headers },
      (end) => {
        // At once, for http-proxy ends the socket when this returns.
        if (end.error !== null && end.status === null) answerFailed(exchange, socket, end.error)
        resolve(end)
      },
    )
  })
}

function answerFailed(exchange: Exchange, socket: Duplex, error: ProxyError): void {
  const answer = exchange.fail(error)
  if (answer === null) socket.destroy()
  else sendRawAnswer(socket, answer)
}

const finish = (exchange: Exchange, end: RelayEnd): Promise<void> =>
  exchange.finish({ ...end, upstreamMs: null, usage: null, isComplete: end.error === null, copy: null })
