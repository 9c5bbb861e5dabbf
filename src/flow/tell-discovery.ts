/** What a finished exchange says to the list of unknown AI. Discovery counts; nothing here does. */
import { isOtherAgent } from '../discover/other-agents.ts'
import type { ExchangeDecision } from '../domain/decision.ts'
import { headerValue } from '../domain/headers.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { Sighting } from '../domain/sighting.ts'
import type { RequestHead } from '../domain/tool.ts'
import type { DiscoveryPort } from './ports.ts'

/** The tool of what no catalogue has, as `policy/compiled-policy.ts` names it. */
export const UNLISTED = 'unlisted'

export interface FinishedExchange {
  readonly head: RequestHead
  readonly decision: Pick<ExchangeDecision, 'tool' | 'unread'>
  /** Address of the client. */
  readonly client: string
  readonly bytesIn: number
  readonly bytesOut: number
  /** The catalogue has the host. */
  readonly isKnownHost: boolean
  /** What was seen of a host that it does not have; `null`: nobody looked. */
  readonly sighting: Sighting | null
}

/** Tell of the tool that was used, and of the host when nobody knows it. Nothing of the company's own, nor of what is never read. */
export function tellDiscovery(
  discovery: DiscoveryPort | undefined,
  { isSanctioned, isNeverRead }: Pick<PolicySnapshot, 'isSanctioned' | 'isNeverRead'>,
  { head, decision, client, bytesIn, bytesOut, isKnownHost, sighting }: FinishedExchange,
): void {
  if (discovery === undefined) return
  const { host, path } = head
  const tool = decision.tool === UNLISTED ? null : decision.tool
  const isUnnamed = decision.unread === 'unnamed-path'
  if (tool !== null) discovery.tool({ tool, client, ...(isUnnamed ? { host, path } : {}) })
  if (isKnownHost || sighting === null || isSanctioned(host) || isNeverRead(host)) return
  const isOther = isOtherAgent(headerValue(head.headers, 'user-agent'))
  discovery.request({ host, client, bytesIn, bytesOut, sighting, isOther, tool })
}
