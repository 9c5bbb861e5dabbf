import type { ExchangeDecision, ExchangeFacts, PolicyMode, TunnelDecision, TunnelFacts } from './decision.ts'
import type { FindingCount } from './finding.ts'
import type { LocalAnswer, Notice } from './notice.ts'
import type { TenantHeaders } from './tenant.ts'
import type { Tier } from './tier.ts'
import type { HostKnowledge, Identification, RequestHead, Tool, ToolId } from './tool.ts'

/** Where a tool's tier comes from. */
export interface TierAssignment {
  readonly tier: Tier
  /** E.g. `assign:tool:claude-code`, `default`. */
  readonly rule: string
}

/**
 * Everything a flow decides with, immutable and swapped whole. Taken once per flow.
 * The functions are pure over what was loaded; `config/snapshot.ts` binds them.
 */
export interface PolicySnapshot {
  /** `sha256:` + hex over the policy and catalogue files. */
  readonly revision: string
  readonly catalogueRevision: string
  readonly loadedAt: string
  readonly mode: PolicyMode
  readonly company: string
  readonly tools: ReadonlyMap<ToolId, Tool>
  readonly tierOf: (tool: ToolId) => TierAssignment
  readonly lookupHost: (host: string, port: number) => HostKnowledge
  /** A gateway of the company: never `unlisted`, never counted. */
  readonly isSanctioned: (host: string) => boolean
  /** A host outside the catalogue whose traffic nobody looks into. */
  readonly isNeverRead: (host: string) => boolean
  readonly identify: (head: RequestHead) => Identification
  readonly decideTunnel: (facts: TunnelFacts) => TunnelDecision
  readonly decideExchange: (facts: ExchangeFacts) => ExchangeDecision
  /** What is set on every request to a host so that only the company's tenants are reached; `null`: nothing. */
  readonly tenantHeaders: (host: string, port: number) => TenantHeaders | null
  /** The developer's notice for a decision; `event` is the flow id, `findings` what it was blocked for. */
  readonly renderNotice: (
    decision: ExchangeDecision,
    head: RequestHead,
    event: string,
    findings?: readonly FindingCount[],
  ) => Notice
  /** The notice in the client's own error format. */
  readonly answerWithNotice: (notice: Notice, decision: ExchangeDecision, head: RequestHead) => LocalAnswer
}
