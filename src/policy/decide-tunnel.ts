/** May we look? Contracts section 4, asked by address at CONNECT and again with the first bytes. Pure. */
import type { DecisionStep, FirstBytes, TunnelDecision, TunnelFacts, TunnelReason } from '../domain/decision.ts'
import { isIpLiteral } from '../domain/destination.ts'
import { tierRank } from '../domain/tier.ts'
import type { HostKnowledge, ToolId } from '../domain/tool.ts'
import { type Assignment, assignmentOf, type CompiledPolicy, type Evasion } from './compiled-policy.ts'

/** SMTP and submission: a proxy that opens them is a spam relay. No policy lifts this. */
const REFUSED_PORTS: ReadonlySet<number> = new Set([25, 465, 587])

/** The destination as it counts: its name, what the catalogue knows of it, and its strictest tool. */
interface Place {
  readonly host: string
  readonly knowledge: HostKnowledge
  readonly tool: ToolId | null
  readonly assignment: Assignment | null
}

interface Question {
  readonly policy: CompiledPolicy
  readonly facts: TunnelFacts
  readonly place: Place
  readonly steps: DecisionStep[]
  /** An evasion was seen that policy lets pass but wants recorded. */
  isEvasionRecorded: boolean
}

interface Answer {
  readonly answer: TunnelDecision['answer']
  readonly reason: TunnelReason
  readonly rule: string | null
  readonly isRecorded: boolean
  readonly why: string
}

/** Decide a tunnel. A refusal at the first question is final; any other first answer is asked again with first bytes. */
export function decideTunnel(policy: CompiledPolicy, facts: TunnelFacts): TunnelDecision {
  const place = placeOf(policy, facts)
  const question: Question = { policy, facts, place, steps: [], isEvasionRecorded: false }
  const answer = refusedPort(facts) ?? evasionOf(question) ?? readOrTunnel(question)
  return conclude(question, answer)
}

/** A CONNECT to an IP with an SNI goes where the SNI says; else the name that the catalogue knows counts. */
function placeOf(policy: CompiledPolicy, facts: TunnelFacts): Place {
  const { first, sniKnowledge } = facts
  const sni = first?.kind === 'tls' ? first.sni : null
  const isSniMeant =
    sni !== null &&
    sniKnowledge !== null &&
    (isIpLiteral(facts.host) || (isRead(policy, sni, sniKnowledge) && !isRead(policy, facts.host, facts.hostKnowledge)))
  const host = isSniMeant ? sni : facts.host
  const knowledge = isSniMeant ? sniKnowledge : facts.hostKnowledge
  const tool = isAi(policy, host, knowledge) ? strictestTool(policy, knowledge) : null
  return { host, knowledge, tool, assignment: tool === null ? null : assignmentOf(policy, tool) }
}

/** An AI host: in the catalogue, and not one that other traffic shares (unless IT lists it). */
const isAi = (policy: CompiledPolicy, host: string, knowledge: HostKnowledge): boolean =>
  knowledge.isKnown && (!knowledge.isShared || policy.settings.shared.has(host))

/** Would a tunnel to this host be read, as far as its name tells? */
const isRead = (policy: CompiledPolicy, host: string, knowledge: HostKnowledge): boolean =>
  isAi(policy, host, knowledge) ||
  (policy.settings.isEveryHostRead && !knowledge.isKnown && !policy.settings.never.has(host))

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

function refusedPort({ port }: TunnelFacts): Answer | null {
  if (!REFUSED_PORTS.has(port)) return null
  return refuse('port-refused', 'config:ports', `port ${port} is for mail: no tunnel goes there`)
}

const refuse = (reason: TunnelReason, rule: string | null, why: string): Answer => ({
  answer: 'refuse',
  reason,
  rule,
  isRecorded: true,
  why,
})

/** What tries to look like something else. `null`: nothing does, or policy lets it pass. */
function evasionOf(question: Question): Answer | null {
  const { first } = question.facts
  if (first === null) return null
  if (first.kind === 'tls' && first.sni !== null) return mismatch(question, first.sni) ?? ech(question, first)
  return ipLiteral(question) ?? nonTls(question, first)
}

function mismatch(question: Question, sni: string): Answer | null {
  const { policy, facts } = question
  if (sni === facts.host || isIpLiteral(facts.host)) return null
  const isSniRead = facts.sniKnowledge !== null && isRead(policy, sni, facts.sniKnowledge)
  if (!isSniRead && !isRead(policy, facts.host, facts.hostKnowledge)) return null
  return evade(question, 'sniMismatch', 'sni-mismatch', 'the hello asks for another host than CONNECT')
}

/**
 * On the wire GREASE cannot be told from real ECH, and every Chrome sends it. Where TLS ends here it is moot: what is
 * inside is read anyway. So `record` counts only for tunnels that stay unread; `refuse` is IT's own choice.
 */
function ech(question: Question, first: FirstBytes & { kind: 'tls' }): Answer | null {
  const { policy, place } = question
  if (!first.hasEch || !isAi(policy, place.host, place.knowledge)) return null
  if (policy.evasion.ech !== 'refuse' && !isTunnelledAnyway(question)) return null
  return evade(question, 'ech', 'ech', 'the hello hides its real name (ECH)')
}

function ipLiteral(question: Question): Answer | null {
  const { facts } = question
  if (!isIpLiteral(facts.host) || facts.hostKnowledge.isKnown) return null
  return evade(question, 'ipLiteral', 'ip-literal', 'an address instead of a name, and no SNI')
}

/** Catalogue hosts speak TLS or HTTP: other bytes there are refused. Elsewhere only `nonTls: refuse` or reading all hosts counts. */
function nonTls(question: Question, first: FirstBytes): Answer | null {
  const { policy, place, facts } = question
  if (first.kind !== 'bytes' || isTunnelledAnyway(question)) return null
  if (isAi(policy, place.host, place.knowledge)) {
    return refuse('not-tls', question.place.assignment?.rule ?? null, 'neither TLS nor HTTP on an AI host')
  }
  const counts = policy.evasion.nonTls === 'refuse' || isRead(policy, facts.host, facts.hostKnowledge)
  return counts ? evade(question, 'nonTls', 'not-tls', 'neither TLS nor HTTP') : null
}

/** Apply `evasion.<name>`: refuse (not while the whole policy observes), record, or nothing. */
function evade(question: Question, evasion: Evasion, reason: TunnelReason, why: string): Answer | null {
  const { policy, steps } = question
  const answer = policy.evasion[evasion]
  const rule = `evasion:${evasion}`
  if (answer === 'refuse' && policy.mode === 'enforce') return refuse(reason, rule, why)
  const isObserved = answer === 'refuse'
  const outcome = isObserved ? 'would be refused, recorded while observing' : answer
  steps.push({ step: 'evasion', rule, matched: answer !== 'allow', why: `${why}: ${outcome}` })
  if (answer !== 'allow') question.isEvasionRecorded = true
  return null
}

/** The never-list and tiers that are not read: the tunnel passes, whatever it holds. The name that counts is asked, not the address. */
function isTunnelledAnyway({ policy, place }: Question): boolean {
  return policy.settings.never.has(place.host) || isReadNone(policy, place)
}

/** Every tool of the host is in a tier with `read: none`; one that is read is enough to read. */
function isReadNone(policy: CompiledPolicy, { tool, knowledge }: Place): boolean {
  return tool !== null && knowledge.tools.every((id) => policy.tiers[assignmentOf(policy, id).tier].read === 'none')
}

function readOrTunnel(question: Question): Answer {
  const { policy, place, facts } = question
  const { knowledge, host } = place
  if (isTunnelledAnyway(question)) return tunnelledByChoice(question)
  if (knowledge.isKnown && knowledge.isShared && place.tool === null) {
    return tunnel(question, 'shared-host', 'config:intercept.shared', 'AI shares this host with other traffic')
  }
  if (!isRead(policy, host, knowledge)) {
    return tunnel(question, notReadReason(question), null, 'not a host of the catalogue')
  }
  return read(question, facts.first)
}

function notReadReason({ facts, place, isEvasionRecorded }: Question): TunnelReason {
  return isEvasionRecorded && isIpLiteral(facts.host) && place.host === facts.host ? 'ip-literal' : 'not-catalogued'
}

function tunnelledByChoice(question: Question): Answer {
  const { policy, place } = question
  if (isReadNone(policy, place)) {
    return tunnel(
      question,
      'read-none',
      place.assignment?.rule ?? null,
      `tier ${place.assignment?.tier ?? ''} is not read`,
    )
  }
  return tunnel(question, 'never-list', 'config:intercept.never', 'a host of `intercept.never`')
}

function tunnel(question: Question, reason: TunnelReason, rule: string | null, why: string): Answer {
  const { auditTunnels } = question.policy.settings
  const isRecorded = auditTunnels === 'all' || (auditTunnels === 'ai' && question.place.tool !== null)
  return { answer: 'tunnel', reason, rule, isRecorded, why }
}

function read(question: Question, first: FirstBytes | null): Answer {
  const { policy, place, facts } = question
  const rule = place.assignment?.rule ?? 'config:intercept.hosts'
  if (first?.kind === 'http' || (first === null && facts.port === 80)) {
    return { answer: 'plain-http', reason: 'plain-http', rule, isRecorded: false, why: 'decided per request' }
  }
  if (first?.kind === 'bytes') return tunnel(question, 'not-catalogued', null, 'neither TLS nor HTTP: bytes')
  if (first !== null && !isReadable(first.alpn)) return notReadable(question, policy, rule)
  const why = place.tool === null ? 'every host is read' : `an AI host, its strictest tool is \`${place.tool}\``
  return { answer: 'intercept', reason: 'intercepted', rule, isRecorded: false, why }
}

/** HTTP/1.1 is what is read today; a client without ALPN speaks it. */
const isReadable = (alpn: readonly string[]): boolean => alpn.length === 0 || alpn.includes('http/1.1')

function notReadable(question: Question, policy: CompiledPolicy, rule: string): Answer {
  const why = 'the client offers no protocol that can be read yet'
  const isProhibited = question.place.assignment?.tier === 'prohibited'
  if (isProhibited && policy.mode === 'enforce') return refuse('not-readable-yet', rule, why)
  return tunnel(question, 'not-readable-yet', rule, why)
}

function conclude({ place, steps, isEvasionRecorded }: Question, answer: Answer): TunnelDecision {
  steps.push({ step: answer.answer, rule: answer.rule, matched: true, why: answer.why })
  return {
    answer: answer.answer,
    reason: answer.reason,
    host: place.host,
    tool: place.tool,
    tier: place.assignment?.tier ?? null,
    rule: answer.rule,
    isRecorded: answer.isRecorded || isEvasionRecorded,
    steps,
  }
}
