/** What serves the requests of a connection, whatever HTTP version it speaks. */
import type { Duplex } from 'node:stream'
import type { ConnectionContext } from './connection-context.ts'

export interface ConnectionServer {
  /** Hand over a connection, its first bytes unread. */
  readonly serve: (socket: Duplex, context: ConnectionContext) => void
  /** Requests that are not answered or not recorded yet. */
  readonly activeCount: () => number
  /** No further request on any connection; idle ones are closed. */
  readonly drain: () => void
  readonly close: () => void
}
