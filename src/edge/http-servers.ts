/** Serves a connection in the HTTP version that its handshake agreed on (ALPN); HTTP/1 where it agreed on none. */
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ConnectionContext } from './connection-context.ts'
import type { ConnectionServer } from './connection-server.ts'
import type { InspectionBudget } from './held-body.ts'
import { type ConnectHandler, createHttp1 } from './http1.ts'
import { createHttp2 } from './http2.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'

export function createHttpServers(
  ports: EdgePorts,
  settings: EdgeSettings,
  budget: InspectionBudget,
  onConnect: ConnectHandler,
): ConnectionServer {
  const http1 = createHttp1(ports, settings, budget, onConnect)
  const http2 = createHttp2(ports, settings, budget)
  return {
    serve: (socket: Duplex, context: ConnectionContext) => {
      const isHttp2 = socket instanceof TLSSocket && socket.alpnProtocol === 'h2'
      if (isHttp2) http2.serve(socket, context)
      else http1.serve(socket, context)
    },
    activeCount: () => http1.activeCount() + http2.activeCount(),
    drain: () => {
      http1.drain()
      http2.drain()
    },
    close: () => {
      http1.close()
      http2.close()
    },
  }
}
