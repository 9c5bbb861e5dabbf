/** Real WebSocket peers (`ws`) on both sides of Weir. */
import type { IncomingMessage, Server } from 'node:http'
import WebSocket, { type ClientOptions, type ServerOptions, WebSocketServer } from 'ws'
import { type Origin, startHttpsOrigin } from './origin.ts'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'
import type { TestWeir } from './weir.ts'
import { tlsThrough } from './wire-client.ts'

export interface WebSocketOrigin {
  readonly origin: Origin
  readonly server: WebSocketServer
  /** Heads of the upgrades that came, in order. */
  readonly upgrades: IncomingMessage[]
}

/** HTTPS for any name, with a WebSocket server behind every path. */
export async function startWebSocketOrigin(
  t: Scope,
  pki: TestPki,
  onSocket: (socket: WebSocket, request: IncomingMessage) => void,
  options: ServerOptions = {},
): Promise<WebSocketOrigin> {
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.writeHead(404).end())
  const server = new WebSocketServer({ ...options, noServer: true })
  const upgrades: IncomingMessage[] = []
  ;(origin.server as Server).on('upgrade', (request, socket, head) => {
    upgrades.push(request)
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined)
      onSocket(webSocket, request)
    })
  })
  t.teardown(() => server.close())
  return { origin, server, upgrades }
}

/** A client through an intercepted tunnel; resolves when it is open. */
export async function openWebSocket(
  weir: Pick<TestWeir, 'port' | 'ca'>,
  host: string,
  path: string,
  options: ClientOptions & { readonly protocols?: readonly string[] } = {},
): Promise<WebSocket> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca })
  const { protocols, ...rest } = options
  const client = new WebSocket(`ws://${host}${path}`, [...(protocols ?? [])], {
    ...rest,
    createConnection: () => socket,
  })
  client.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    client.once('open', () => resolve())
    client.once('unexpected-response', (_request, response) =>
      reject(new Error(`answered ${String(response.statusCode)}`)),
    )
    client.once('error', reject)
  })
  return client
}

/** The next messages, as text. */
export function nextMessages(socket: WebSocket, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const seen: string[] = []
    const onMessage = (data: Buffer): void => {
      seen.push(data.toString())
      if (seen.length < count) return
      socket.off('message', onMessage)
      resolve(seen)
    }
    socket.on('message', onMessage)
    socket.once('close', (code) => reject(new Error(`closed with ${code} after ${seen.length} messages`)))
  })
}

export const closeOf = (socket: WebSocket): Promise<{ code: number; reason: string }> =>
  new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })))
