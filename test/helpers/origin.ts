/** Real servers on 127.0.0.1 that play the destination. */
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'

export interface Origin {
  readonly port: number
  /** `127.0.0.1:port`, as pins want it. */
  readonly address: string
  readonly server: Server | TcpServer
}

export interface Listening {
  readonly port: number
  /** `127.0.0.1:port`, as pins want it. */
  readonly address: string
  /** Connections accepted so far. */
  readonly connections: () => number
}

/**
 * Listens on a free port until the test ends, then closes every connection. `event` says which sockets are kept, counted
 * and closed: those accepted, or those whose handshake is done.
 */
export async function listening<S extends Socket>(
  t: Scope,
  server: TcpServer,
  event: 'connection' | 'secureConnection' = 'connection',
): Promise<Listening & { readonly sockets: ReadonlySet<S> }> {
  const sockets = new Set<S>()
  let connections = 0
  server.on(event, (socket: S) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, address: `127.0.0.1:${port}`, connections: () => connections, sockets }
}

const origin = async (t: Scope, server: Server | TcpServer): Promise<Origin> => {
  const { port, address } = await listening(t, server)
  return { port, address, server }
}

export const startHttpOrigin = (t: Scope, handler: RequestListener): Promise<Origin> => origin(t, createHttp(handler))

/** HTTPS for any name that the test PKI is asked for. */
export function startHttpsOrigin(t: Scope, pki: TestPki, handler: RequestListener): Promise<Origin> {
  const server = createHttps(
    {
      SNICallback: (name, done) => {
        pki.contextFor(name).then(
          (context) => done(null, context),
          (error: unknown) => done(error as Error),
        )
      },
    },
    handler,
  )
  return origin(t, server)
}

/** Bare TCP: the test speaks for itself. */
export const startTcpOrigin = (t: Scope, onSocket: (socket: Socket) => void): Promise<Origin> =>
  origin(t, createTcp({ allowHalfOpen: true }, onSocket))
