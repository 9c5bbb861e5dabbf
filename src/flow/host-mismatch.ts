/** Records a request that named another host than its connection, when one of the names is an AI host. */
import type { Client } from '../domain/client.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'

export interface HostMismatch {
  /** ULID that the 421 shows. */
  readonly flow: string
  readonly client: Client
  /** The names in question, that of the connection first. */
  readonly names: readonly { readonly host: string; readonly port: number }[]
}

/** One tunnel event for the first name that the catalogue knows; none when it knows neither. */
export function recordHostMismatch(ports: FlowPorts, { flow, client, names }: HostMismatch): void {
  const snapshot = ports.snapshots.current()
  for (const { host, port } of names) {
    const hostKnowledge = snapshot.lookupHost(host, port)
    const decision = snapshot.decideTunnel({ client, host, port, hostKnowledge, first: null, sniKnowledge: null })
    if (decision.tool === null) continue
    ports.audit.appendSoon(
      tunnelEvent(ports, {
        flow,
        client,
        host,
        port,
        decision: { tool: decision.tool, tier: decision.tier, rule: decision.rule, reason: 'host-mismatch' },
        action: 'block',
        policyRevision: snapshot.revision,
        bytesIn: 0,
        bytesOut: 0,
        durationMs: 0,
        error: errorFields(new ProxyError('host-mismatch')),
      }),
    )
    return
  }
}
