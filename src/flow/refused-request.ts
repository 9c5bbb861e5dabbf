/** Records a request that was refused for its names, or as a way around, before policy could be asked about it. */
import type { Client } from '../domain/client.ts'
import type { ProxyError, ProxyErrorCode } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'

export interface RefusedRequest {
  /** ULID that the answer shows. */
  readonly flow: string
  readonly client: Client
  /** Its code is also the reason that the event gives. */
  readonly error: ProxyError
  /** The names in question, that of the connection first. */
  readonly names: readonly { readonly host: string; readonly port: number }[]
}

/**
 * Refusals that are recorded: `ai` where one of the names is an AI host (what else people browse is nobody's business),
 * `always` where the request itself is the way around. All others are plain mistakes and only counted.
 */
const RECORDED: Partial<Record<ProxyErrorCode, 'ai' | 'always'>> = {
  'host-mismatch': 'ai',
  'duplicate-host': 'ai',
  'nested-connect': 'always',
}

/** At most one tunnel event, for the first name that the catalogue knows. Nothing when the error is of no interest here. */
export function recordRefusedRequest(ports: FlowPorts, { flow, client, error, names }: RefusedRequest): void {
  const when = RECORDED[error.code]
  if (when === undefined) return
  const snapshot = ports.snapshots.current()
  const asked = names.map(({ host, port }) => {
    const hostKnowledge = snapshot.lookupHost(host, port)
    const decision = snapshot.decideTunnel({ client, host, port, hostKnowledge, first: null, sniKnowledge: null })
    return { host, port, decision }
  })
  const told = asked.find(({ decision }) => decision.tool !== null) ?? (when === 'always' ? asked[0] : undefined)
  if (told === undefined) return
  const { tool, tier, rule } = told.decision
  ports.audit.appendSoon(
    tunnelEvent(ports, {
      flow,
      client,
      host: told.host,
      port: told.port,
      decision: { tool, tier, rule: tool === null ? null : rule, reason: error.code },
      action: 'block',
      policyRevision: snapshot.revision,
      bytesIn: 0,
      bytesOut: 0,
      durationMs: 0,
      error: errorFields(error),
    }),
  )
}
