/** Records a request that was refused because it did not say, or not rightly, who asks. */
import type { Client } from '../domain/client.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'
import type { RefusalFolder } from './tunnel.ts'

interface Name {
  readonly host: string
  readonly port: number
}

export interface Unidentified {
  /** ULID that the answer shows. */
  readonly flow: string
  /** As far as known. */
  readonly client: Client
  readonly error: ProxyError
  /** Where the request was to go; `null` when it cannot be told. */
  readonly destination: Name | null
  /** Where it came in: our own address and port. It stands for every destination that is no AI host. */
  readonly own: Name
}

/**
 * One tunnel event per client, code and AI host and window, with the count of those folded into it: programs that send
 * credentials only when asked begin every connection like this. Names of hosts without AI are nobody's business.
 */
export function recordUnidentified(ports: FlowPorts, refusals: RefusalFolder, refused: Unidentified): void {
  const { client, error, flow } = refused
  const snapshot = ports.snapshots.current()
  const named = refused.destination
  const known =
    named === null
      ? null
      : snapshot.decideTunnel({
          client,
          ...named,
          hostKnowledge: snapshot.lookupHost(named.host, named.port),
          first: null,
          sniKnowledge: null,
        })
  const isAi = named !== null && known !== null && known.tool !== null
  const at = isAi ? named : refused.own
  const count = refusals.note(`${client.address} ${error.code} ${isAi ? named.host : ''}`)
  if (count === null) return
  ports.audit.appendSoon(
    tunnelEvent(ports, {
      flow,
      client,
      host: at.host,
      port: at.port,
      decision: { tool: isAi ? known.tool : null, tier: isAi ? known.tier : null, rule: null, reason: error.code },
      action: 'block',
      policyRevision: snapshot.revision,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      error: errorFields(error),
      count,
    }),
  )
}
