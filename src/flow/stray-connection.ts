/** Records a connection to the proxy port that never became a request: what spoke there was no client, or no trusted one. */
import type { Client } from '../domain/client.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'
import type { RefusalFolder } from './tunnel.ts'

/** Why it went no further; also the reason that its event gives. */
export type StrayCode =
  | 'not-proxy-protocol'
  | 'balancer-header'
  | 'client-certificate'
  | 'no-destination'
  | 'address-refused'

export interface StrayConnection {
  readonly client: Client
  /** Where it came in: our own address and port, for it named no destination. */
  readonly host: string
  readonly port: number
  readonly code: StrayCode
}

/** One tunnel event per client and window, with the count of those folded into it: a scanner must not fill the disk. */
export function recordStrayConnection(ports: FlowPorts, refusals: RefusalFolder, stray: StrayConnection): void {
  const { client, host, port, code } = stray
  const count = refusals.note(`${client.address} ${code}`)
  if (count === null) return
  ports.audit.appendSoon(
    tunnelEvent(ports, {
      flow: ports.newId(),
      client,
      host,
      port,
      decision: { tool: null, tier: null, rule: null, reason: code },
      action: 'block',
      policyRevision: ports.snapshots.current().revision,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      error: errorFields(new ProxyError(code)),
      count,
    }),
  )
}
