/** The destination of a tunnel as it counts: its name, what the catalogue knows of it, and whether it would be read. Pure. */
import type { TunnelFacts } from '../domain/decision.ts'
import { isIpLiteral } from '../domain/destination.ts'
import type { TenantHeaders } from '../domain/tenant.ts'
import { tierRank } from '../domain/tier.ts'
import type { HostKnowledge, ToolId } from '../domain/tool.ts'
import { type Assignment, assignmentOf, type CompiledPolicy, tenantHeadersAt } from './compiled-policy.ts'

export interface Place {
  readonly host: string
  readonly knowledge: HostKnowledge
  /** The strictest tool of the host; `null` where it is no AI host. */
  readonly tool: ToolId | null
  readonly assignment: Assignment | null
  /** What must be set on every request there; for that it is read, AI or not. */
  readonly tenant: TenantHeaders | null
}

/** A CONNECT to an IP with an SNI goes where the SNI says; else the name that is read counts. */
export function placeOf(policy: CompiledPolicy, facts: TunnelFacts): Place {
  const { first, sniKnowledge, port } = facts
  const sni = first?.kind === 'tls' ? first.sni : null
  const isSniMeant =
    sni !== null &&
    sniKnowledge !== null &&
    (isIpLiteral(facts.host) ||
      (isRead(policy, sni, port, sniKnowledge) && !isRead(policy, facts.host, port, facts.hostKnowledge)))
  const host = isSniMeant ? sni : facts.host
  const knowledge = isSniMeant ? sniKnowledge : facts.hostKnowledge
  const tool = isAi(policy, host, knowledge) ? strictestTool(policy, knowledge) : null
  const assignment = tool === null ? null : assignmentOf(policy, tool)
  return { host, knowledge, tool, assignment, tenant: tenantHeadersAt(policy, host, port) }
}

/** An AI host: in the catalogue, and not one that other traffic shares (unless IT lists it). */
export const isAi = (policy: CompiledPolicy, host: string, knowledge: HostKnowledge): boolean =>
  knowledge.isKnown && (!knowledge.isShared || policy.settings.shared.has(host))

/** A host that is in no catalogue and on one of the two lists. */
export const isNeverRead = (policy: CompiledPolicy, host: string): boolean =>
  policy.settings.never.has(host) || policy.settings.reviewedNever.categoryOf(host) !== null

/** Would a tunnel to this host be read, as far as its name tells? */
export const isRead = (policy: CompiledPolicy, host: string, port: number, knowledge: HostKnowledge): boolean =>
  isAi(policy, host, knowledge) ||
  (policy.settings.isEveryHostRead && !knowledge.isKnown && !isNeverRead(policy, host)) ||
  tenantHeadersAt(policy, host, port) !== null

function strictestTool(policy: CompiledPolicy, knowledge: HostKnowledge): ToolId | null {
  let strictest: ToolId | null = null
  let rank = -1
  for (const tool of knowledge.tools) {
    const toolRank = tierRank(assignmentOf(policy, tool).tier)
    if (toolRank > rank) {
      strictest = tool
      rank = toolRank
    }
  }
  return strictest
}

/** The never-list and tiers that are not read: the tunnel passes, whatever it holds. The name that counts is asked, not the address. */
export const isTunnelledAnyway = (policy: CompiledPolicy, place: Place): boolean =>
  policy.settings.never.has(place.host) ||
  (!place.knowledge.isKnown && place.tenant === null && isNeverRead(policy, place.host)) ||
  isReadNone(policy, place)

/** Every tool of the host is in a tier with `read: none`; one that is read, or a tenant restriction, is enough to read. */
export const isReadNone = (policy: CompiledPolicy, { tool, knowledge, tenant }: Place): boolean =>
  tool !== null &&
  tenant === null &&
  knowledge.tools.every((id) => policy.tiers[assignmentOf(policy, id).tier].read === 'none')

/** No tool of the host is one whose requests are held or refused, and no tenant is restricted there. */
export const mayGoUnread = (policy: CompiledPolicy, { knowledge, tenant }: Place): boolean =>
  tenant === null && knowledge.tools.every((id) => tierRank(assignmentOf(policy, id).tier) <= tierRank('monitored'))
