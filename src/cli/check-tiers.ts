/**
 * `weir check`: tools that will not get the tier that was meant for them, because they share their endpoints with a
 * stricter tool and a mark never leads to a milder tier (contracts section 2.2 d). Decided by the rules themselves.
 */
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { IndexedEndpoint } from '../catalogue/host-index.ts'
import { tiedRequests } from '../catalogue/ties.ts'
import type { LoadedRules } from '../config/snapshot.ts'
import type { Client } from '../domain/client.ts'
import type { ExchangeDecision } from '../domain/decision.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { Problem } from '../domain/settings.ts'
import { type Tier, tierRank } from '../domain/tier.ts'
import type { Candidate, RequestHead, ToolId } from '../domain/tool.ts'

/** Hosts that a warning names. */
const MAX_HOSTS = 3

const NOBODY: Client = { address: '192.0.2.1', user: null, groups: [], device: null, network: null, assurance: 'none' }

interface Loss {
  readonly tool: ToolId
  readonly tier: Tier
  /** Whose tier counts instead. */
  readonly owner: ToolId
  readonly ownerTier: Tier
  readonly hosts: Set<string>
}

/** One warning per tool and the tool whose tier it gets; only for tiers that somebody chose for the tool, or `approved`. */
export function lostTierProblems({ snapshot, made }: LoadedRules, nowMs: number): readonly Problem[] {
  if (!made.catalogue.ok) return []
  const losses = new Map<string, Loss>()
  for (const { head } of tiedRequests(endpointsOf(made.catalogue.catalogue))) {
    for (const loss of lossesAt(snapshot, head, nowMs)) {
      const key = `${loss.tool} ${loss.owner}`
      const known = losses.get(key)
      if (known === undefined) losses.set(key, loss)
      else for (const host of loss.hosts) known.hosts.add(host)
    }
  }
  return [...losses.values()].map((loss) => problemOf(loss, made.files.policy))
}

function endpointsOf({ hosts }: Catalogue): readonly IndexedEndpoint[] {
  const regexes = [...hosts.regexes.values()].flat().map(({ bucket }) => bucket)
  return [...hosts.exact.values(), ...hosts.suffixes.values(), ...regexes].flatMap(({ endpoints }) => endpoints)
}

/** What the tools of this request would get if each said plainly who it is. */
function lossesAt(snapshot: PolicySnapshot, head: RequestHead, nowMs: number): readonly Loss[] {
  const identification = snapshot.identify(head)
  const { host, port } = head
  const hostKnowledge = identification.host
  const place = { client: NOBODY, host, port, hostKnowledge, first: null, sniKnowledge: null }
  if (snapshot.decideTunnel(place).answer === 'tunnel') return []
  const decide = (tool: ToolId, candidates: readonly Candidate[]): ExchangeDecision => {
    const marks = [{ tool, header: 'user-agent', version: null }]
    const facts = { client: NOBODY, nowMs, head, identification: { ...identification, candidates, marks } }
    return snapshot.decideExchange({ ...facts, seenDialect: null, body: null })
  }
  return identification.candidates.flatMap((candidate) => {
    const { tool } = candidate
    const { tier, rule } = snapshot.tierOf(tool)
    if (tier !== 'approved' && rule !== `assign:tool:${tool}`) return []
    const decided = decide(tool, identification.candidates)
    if (decided.tool === null || decided.tool === tool) return []
    const ownerTier = snapshot.tierOf(decided.tool).tier
    const isStricter = tierRank(ownerTier) > tierRank(tier)
    // Sign-in passes in every tier, for example: there the loss is one of words.
    if (!isStricter || decided.action === decide(tool, [candidate]).action) return []
    return [{ tool, tier, owner: decided.tool, ownerTier, hosts: new Set([host]) }]
  })
}

function problemOf(
  { tool, tier, owner, ownerTier, hosts }: Loss,
  policy: LoadedRules['made']['files']['policy'],
): Problem {
  const named = [...hosts].slice(0, MAX_HOSTS).join(', ')
  const where = hosts.size > MAX_HOSTS ? `${named} and ${hosts.size - MAX_HOSTS} more` : named
  const trust =
    ownerTier === 'prohibited'
      ? ''
      : `, or name \`${tool}\` in \`trustMarks\` if you accept that anybody can send its headers`
  const message =
    `\`${tool}\` is ${tier}, but on ${where} its requests get the tier of \`${owner}\` (${ownerTier}): ` +
    `who calls itself \`${tool}\` is not believed. Give \`${owner}\` the tier ${tier} as well${trust}`
  const path = ['assign', indexOfTool(policy?.document, tool)] as const
  return {
    file: policy?.file ?? 'policy.yaml',
    line: policy?.lineAt([...path]) ?? null,
    path: `assign[${path[1]}]`,
    message,
    severity: 'warning',
  }
}

/** The entry that names the tool; the first of all when it got its tier in another way. */
function indexOfTool(document: unknown, tool: ToolId): number {
  const assign: unknown = typeof document === 'object' && document !== null ? Reflect.get(document, 'assign') : null
  if (!Array.isArray(assign)) return 0
  const index = assign.findIndex((entry: unknown) => {
    const named: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'tool') : null
    return named === tool || (Array.isArray(named) && named.includes(tool))
  })
  return Math.max(0, index)
}
