import type { Client } from '../domain/client.ts'
import type { ConnectionFacts } from '../domain/identity.ts'
import type { TunnelName } from './request-head.ts'

/** What is known of a connection before its first request. */
export interface ConnectionContext {
  /** Inside a tunnel: whose it is. On the plain listener: what the connection alone tells. */
  readonly client: Client
  /** On the plain listener, where every request says anew who asks. */
  readonly facts?: ConnectionFacts
  /** Inside a tunnel: `false` once what proved its client was taken back. */
  readonly stillHolds?: () => boolean
  /** `null` on the plain listener. */
  readonly tunnel: TunnelName | null
}
