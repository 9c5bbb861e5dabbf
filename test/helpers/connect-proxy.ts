/** A small real CONNECT proxy, as a company may have one in front of the internet. */
import { createServer as createHttp, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'

export interface ConnectProxy {
  readonly port: number
  /** Targets of CONNECT so far, as they were written. */
  readonly asked: string[]
  /** `Proxy-Authorization` of each. */
  readonly credentials: (string | undefined)[]
}

export interface ConnectProxyOptions {
  /** Target → where it is really dialled, `127.0.0.1:port`. */
  readonly routes: Readonly<Record<string, string>>
  /** The value that `Proxy-Authorization` must have. */
  readonly authorization?: string
  /** Speak TLS to clients, under the name `parent.example`. */
  readonly pki?: TestPki
}

/** Targets without a route are answered 403. */
export async function startConnectProxy(t: Scope, options: ConnectProxyOptions): Promise<ConnectProxy> {
  const { pki } = options
  const server: Server =
    pki === undefined
      ? createHttp()
      : createHttps({
          SNICallback: (_name, done) => {
            pki.contextFor('parent.example').then(
              (context) => done(null, context),
              (error: unknown) => done(error as Error),
            )
          },
        })
  const sockets = new Set<Duplex>()
  const asked: string[] = []
  const credentials: (string | undefined)[] = []
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', keep)
  server.on('request', (_request, response) => response.writeHead(400).end())
  server.on('connect', (request, client: Socket) => {
    keep(client)
    asked.push(request.url ?? '')
    const given = request.headers['proxy-authorization']
    credentials.push(given)
    if (options.authorization !== undefined && given !== options.authorization) {
      client.end('HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="secret-realm"\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const route = options.routes[request.url ?? '']
    if (route === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nno way')
      return
    }
    const [host = '', port] = route.split(':')
    const origin = connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 parent\r\n\r\n')
      origin.pipe(client)
      client.pipe(origin)
    })
    keep(origin)
    origin.once('close', () => client.destroy())
    client.once('close', () => origin.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, asked, credentials }
}
