/** Which tool a request belongs to: contracts section 2.2. The catalogue names candidates and marks, the tiers pick. */
import { actionRank } from '../domain/action.ts'
import type { ExchangeFacts } from '../domain/decision.ts'
import { announcesBody } from '../domain/headers.ts'
import { AI_SCORE } from '../domain/sighting.ts'
import { type Tier, tierRank } from '../domain/tier.ts'
import type { Candidate, MarkHit, Purpose, ToolId } from '../domain/tool.ts'
import { assignmentOf, type CompiledPolicy, UNLISTED_TOOL } from './compiled-policy.ts'
import type { NoTool, ToolPick } from './tool-pick.ts'

export type PickFacts = Pick<ExchangeFacts, 'head' | 'identification' | 'seenDialect' | 'sighting'>

/** What a request is used for, wherever the tool comes from. */
type Use = Pick<ToolPick, 'purpose' | 'dialect' | 'isPathNamed'>

/**
 * Pick the tool. The strictest marked tool decides, on every host; unmarked traffic belongs to the fallback.
 * INVARIANT: a mark never leads to a milder tier than no mark would, unless `trustMarks` names the tool;
 * and where no mark would be prohibited, not even then: a header is no key to a prohibited endpoint.
 */
export function pickTool(policy: CompiledPolicy, facts: PickFacts): ToolPick | NoTool {
  const { candidates, host } = facts.identification
  const own = unmarkedCandidate(policy, candidates)
  if (own === null) return host.isKnown ? pickOnKnown(policy, facts) : pickOutside(policy, facts)
  const accused = strictestMarked(policy, facts, own)
  if (accused === null) return byHost(facts, own, ownReason(candidates))
  if (!mayDecide(policy, accused, tierOfTool(policy, own.tool))) {
    return byHost(facts, own, `the mark of \`${accused}\` does not make \`${own.tool}\` milder`)
  }
  return byMark(facts, accused, own.tool, candidates.find((candidate) => candidate.tool === accused) ?? own)
}

const tierOfTool = (policy: CompiledPolicy, tool: ToolId): Tier => assignmentOf(policy, tool).tier

/** Whom the request belongs to when nothing is marked: the fallback, the only one, else the strictest. */
function unmarkedCandidate(policy: CompiledPolicy, candidates: readonly Candidate[]): Candidate | null {
  let strictest: Candidate | null = null
  for (const candidate of candidates) {
    if (candidate.isFallback) return candidate
    if (strictest === null || rankOf(policy, candidate) > rankOf(policy, strictest)) strictest = candidate
  }
  return strictest
}

const rankOf = (policy: CompiledPolicy, candidate: Candidate): number =>
  useRank(policy, tierOfTool(policy, candidate.tool), candidate.purpose)

/** Stricter tier first, then the stricter action of that tier for the purpose. */
const useRank = (policy: CompiledPolicy, tier: Tier, purpose: Purpose): number =>
  tierRank(tier) * 8 + actionRank(policy.tiers[tier].purposes[purpose]) * 2

/** The strictest tool that marks itself; among equals the one at home on this host. */
function strictestMarked(policy: CompiledPolicy, facts: PickFacts, own: Use): ToolId | null {
  const { marks, candidates } = facts.identification
  let best: ToolId | null = null
  let bestRank = -1
  for (const { tool } of marks) {
    if (tool === best) continue
    const home = candidates.find((candidate) => candidate.tool === tool)
    const rank = useRank(policy, tierOfTool(policy, tool), (home ?? own).purpose) + (home === undefined ? 0 : 1)
    if (rank > bestRank) {
      best = tool
      bestRank = rank
    }
  }
  return best
}

function mayDecide(policy: CompiledPolicy, accused: ToolId, floor: Tier): boolean {
  if (tierRank(tierOfTool(policy, accused)) >= tierRank(floor)) return true
  return policy.trustMarks.has(accused) && floor !== 'prohibited'
}

function ownReason(candidates: readonly Candidate[]): string {
  return candidates.length === 1 ? 'the only tool with this endpoint' : 'no mark: the fallback of the endpoint'
}

function byHost(facts: PickFacts, own: Candidate, why: string): ToolPick {
  const { candidates, marks } = facts.identification
  const isMarked = marks.some((mark) => mark.tool === own.tool)
  const alone = candidates.length === 1 ? 'medium' : 'low'
  return {
    isTool: true,
    tool: own.tool,
    toolVersion: isMarked ? versionOf(marks, own.tool) : null,
    via: null,
    purpose: own.purpose,
    dialect: own.dialect,
    isPathNamed: own.isPathNamed,
    evidence: evidenceOf(own, marks, own.tool),
    confidence: isMarked ? 'high' : alone,
    why,
  }
}

/** `use` comes from the tool's own candidate when it has one here, else from the host's. */
function byMark(facts: PickFacts, tool: ToolId, hostTool: ToolId | null, use: Use & Partial<Candidate>): ToolPick {
  const { marks, host } = facts.identification
  const isAtHome = use.tool === tool || host.tools.includes(tool)
  return {
    isTool: true,
    tool,
    toolVersion: versionOf(marks, tool),
    via: isAtHome ? null : hostTool,
    purpose: use.purpose,
    dialect: use.dialect,
    isPathNamed: use.isPathNamed,
    evidence: evidenceOf(use.tool === tool ? use : null, marks, tool),
    confidence: isAtHome ? 'high' : 'medium',
    why: isAtHome ? 'its mark, on its own host' : 'its mark, on a host that is not its own',
  }
}

function versionOf(marks: readonly MarkHit[], tool: ToolId): string | null {
  for (const mark of marks) if (mark.tool === tool && mark.version !== null) return mark.version
  return null
}

/** `host+path` or `host`, then `header:` and the name of every mark. */
function evidenceOf(place: Partial<Candidate> | null, marks: readonly MarkHit[], tool: ToolId): string[] {
  const evidence: string[] = []
  if (place !== null) evidence.push(typeof place.pathPattern === 'string' ? 'host+path' : 'host')
  for (const mark of marks) {
    if (mark.tool === tool && !evidence.includes(`header:${mark.header}`)) evidence.push(`header:${mark.header}`)
  }
  return evidence
}

/** A host of the catalogue without an entry for this path. */
function pickOnKnown(policy: CompiledPolicy, facts: PickFacts): ToolPick | NoTool {
  const { host } = facts.identification
  return host.isShared || host.tools.length === 0 ? pickOnShared(policy, facts) : pickUnnamed(policy, facts)
}

/** A host that is AI's alone: whoever is at home there, by a path that nobody names. Fails towards the strictest. */
function pickUnnamed(policy: CompiledPolicy, facts: PickFacts): ToolPick | NoTool {
  const { identification, head } = facts
  const use = { ...useOutside(facts), isPathNamed: false, isFallback: false, hostPattern: head.host, pathPattern: null }
  const candidates = identification.host.tools.map((tool) => ({ tool, ...use }))
  return pickTool(policy, { ...facts, identification: { ...identification, candidates } })
}

/** A shared host that IT lets us read: paths nobody names are not AI, but a mark counts on every host. */
function pickOnShared(policy: CompiledPolicy, facts: PickFacts): ToolPick | NoTool {
  const use = useOutside(facts)
  const accused = strictestMarked(policy, facts, use)
  if (accused === null) return { isTool: false, reason: 'shared-path' }
  return byMark(facts, accused, null, use)
}

/** A host outside the catalogue: an AI dialect or a mark makes it AI, at least of the tier `unlisted`. */
function pickOutside(policy: CompiledPolicy, facts: PickFacts): ToolPick | NoTool {
  const { seenDialect, identification, head } = facts
  if (seenDialect === null && identification.marks.length === 0) return { isTool: false, reason: 'not-ai' }
  const use = useOutside(facts)
  const accused = strictestMarked(policy, facts, use)
  const isSanctioned = policy.sanctionedHosts.has(head.host)
  if (accused !== null && (isSanctioned || mayDecide(policy, accused, policy.unlisted.tier))) {
    return byMark(facts, accused, null, use)
  }
  if (isSanctioned) return { isTool: false, reason: 'sanctioned-host' }
  return unlisted(facts, use)
}

function unlisted(facts: PickFacts, use: Use): ToolPick {
  const { seenDialect, identification, sighting } = facts
  const evidence = identification.marks.map((mark) => `header:${mark.header}`)
  if (sighting !== undefined && seenDialect !== null) evidence.unshift(...sighting.evidence)
  else if (seenDialect !== null) evidence.unshift(`dialect:${seenDialect}`)
  return {
    isTool: true,
    tool: UNLISTED_TOOL,
    toolVersion: null,
    via: null,
    ...use,
    evidence: [...new Set(evidence)],
    confidence: 'low',
    ...(sighting === undefined ? {} : { score: Math.max(sighting.score, AI_SCORE) }),
    why: 'AI on a host that is not in the catalogue',
  }
}

/** Without a catalogue entry the wire shape says what it is, else whether the request can carry a text. */
function useOutside(facts: PickFacts): Use {
  const { seenDialect, head } = facts
  if (seenDialect !== null) return { purpose: 'inference', dialect: seenDialect, isPathNamed: true }
  const canCarry = head.isUpgrade || ['POST', 'PUT', 'PATCH'].includes(head.method) || announcesBody(head.headers)
  return { purpose: canCarry ? 'inference' : 'web', dialect: 'generic', isPathNamed: true }
}
