/** Records a connection to the proxy port that speaks neither HTTP nor, where that is served, TLS. */
import type { Client } from '../domain/client.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'
import type { RefusalFolder } from './tunnel.ts'

export interface StrayConnection {
  readonly client: Client
  /** Where it came in: our own address and port, for it named no destination. */
  readonly host: string
  readonly port: number
}

/** One tunnel event per client and window, with the count of those folded into it: a scanner must not fill the disk. */
export function recordStrayConnection(ports: FlowPorts, refusals: RefusalFolder, stray: StrayConnection): void {
  const count = refusals.note(`${stray.client.address} stray`)
  if (count === null) return
  ports.audit.appendSoon(
    tunnelEvent(ports, {
      flow: ports.newId(),
      ...stray,
      decision: { tool: null, tier: null, rule: null, reason: 'not-proxy-protocol' },
      action: 'block',
      policyRevision: ports.snapshots.current().revision,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      error: errorFields(new ProxyError('not-proxy-protocol')),
      count,
    }),
  )
}
