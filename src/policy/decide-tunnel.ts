/** May we look? Contracts section 4, asked by address at CONNECT and again with the first bytes. Pure. */
import type { FirstBytes, TunnelDecision, TunnelFacts, TunnelReason } from '../domain/decision.ts'
import { isIpLiteral } from '../domain/destination.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { refuse, type TunnelAnswer, type TunnelQuestion, tunnel } from './tunnel-answer.ts'
import { evasionOf } from './tunnel-evasions.ts'
import { isRead, isReadNone, isTunnelledAnyway, placeOf } from './tunnel-place.ts'

/** SMTP and submission: a proxy that opens them is a spam relay. No policy lifts this. */
const REFUSED_PORTS: ReadonlySet<number> = new Set([25, 465, 587])

/** Decide a tunnel. A refusal at the first question is final; any other first answer is asked again with first bytes. */
export function decideTunnel(whole: CompiledPolicy, facts: TunnelFacts): TunnelDecision {
  const policy = policyFor(whole, facts)
  const place = placeOf(policy, facts)
  const question: TunnelQuestion = { policy, facts, place, steps: [], recorded: null, certificateHost: null }
  const answer = refusedPort(facts) ?? evasionOf(question) ?? readOrTunnel(question)
  return conclude(question, answer)
}

/** Where every host is read only for some, the others have a policy that reads the catalogue's. */
function policyFor(policy: CompiledPolicy, { client }: TunnelFacts): CompiledPolicy {
  const { settings } = policy
  if (!settings.isEveryHostRead || settings.isMeant(client)) return policy
  return { ...policy, settings: { ...settings, isEveryHostRead: false } }
}

function refusedPort({ port }: TunnelFacts): TunnelAnswer | null {
  if (!REFUSED_PORTS.has(port)) return null
  return refuse('port-refused', 'config:ports', `port ${port} is for mail: no tunnel goes there`)
}

function readOrTunnel(question: TunnelQuestion): TunnelAnswer {
  const { policy, place, facts } = question
  const { knowledge, host } = place
  if (isTunnelledAnyway(policy, place)) return tunnelledByChoice(question)
  if (knowledge.isKnown && knowledge.isShared && place.tool === null && place.tenant === null) {
    return tunnel(question, 'shared-host', 'config:intercept.shared', 'AI shares this host with other traffic')
  }
  if (!isRead(policy, host, facts.port, knowledge)) {
    return tunnel(question, notReadReason(question), null, 'not a host of the catalogue')
  }
  return read(question, facts.first)
}

/** What was let pass and is recorded says so; an address that has an SNI is told by its name. */
function notReadReason({ facts, place, recorded }: TunnelQuestion): TunnelReason {
  const isNamed = recorded === 'ip-literal' && !(isIpLiteral(facts.host) && place.host === facts.host)
  return recorded === null || isNamed ? 'not-catalogued' : recorded
}

function tunnelledByChoice(question: TunnelQuestion): TunnelAnswer {
  const { policy, place } = question
  if (isReadNone(policy, place)) {
    return tunnel(
      question,
      'read-none',
      place.assignment?.rule ?? null,
      `tier ${place.assignment?.tier ?? ''} is not read`,
    )
  }
  const category = policy.settings.never.has(place.host) ? null : policy.settings.reviewedNever.categoryOf(place.host)
  if (category !== null) return tunnel(question, 'never-list', `never:${category}`, 'a host of `rules/never.yaml`')
  return tunnel(question, 'never-list', 'config:intercept.never', 'a host of `intercept.never`')
}

function read(question: TunnelQuestion, first: FirstBytes | null): TunnelAnswer {
  const { facts } = question
  const rule = ruleOf(question)
  if (first?.kind === 'http' || (first === null && facts.port === 80)) {
    return { answer: 'plain-http', reason: 'plain-http', rule, isRecorded: false, why: 'decided per request' }
  }
  if (first?.kind === 'bytes') return tunnel(question, notReadReason(question), null, 'neither TLS nor HTTP: bytes')
  if (first !== null && !isReadable(first.alpn)) return notReadable(question, rule)
  return { answer: 'intercept', ...interception(question), rule, isRecorded: false }
}

function ruleOf({ place }: TunnelQuestion): string {
  if (place.assignment !== null) return place.assignment.rule
  return place.tenant === null ? 'config:intercept.hosts' : tenantRule(place.tenant.restrictions)
}

const tenantRule = (restrictions: readonly string[]): string => `tenants:${restrictions.join('+')}`

function interception({ place, certificateHost }: TunnelQuestion): Pick<TunnelAnswer, 'reason' | 'why'> {
  const { tool, tenant } = place
  if (certificateHost !== null) return { reason: 'ech', why: `our certificate is for \`${certificateHost}\`` }
  if (tool !== null) return { reason: 'intercepted', why: `an AI host, its strictest tool is \`${tool}\`` }
  if (tenant !== null) return { reason: 'tenant', why: `a host of \`${tenantRule(tenant.restrictions)}\`` }
  return { reason: 'intercepted', why: 'every host is read' }
}

/** The protocols that are read; a client without ALPN speaks HTTP/1.1. */
const isReadable = (alpn: readonly string[]): boolean =>
  alpn.length === 0 || alpn.includes('h2') || alpn.includes('http/1.1')

function notReadable(question: TunnelQuestion, rule: string): TunnelAnswer {
  const { policy, place } = question
  const why = 'the client offers no protocol that can be read yet'
  const mustBeRead = place.assignment?.tier === 'prohibited' || place.tenant !== null
  if (mustBeRead && policy.mode === 'enforce') return refuse('not-readable-yet', rule, why)
  return tunnel(question, 'not-readable-yet', rule, why)
}

function conclude({ place, steps, recorded, certificateHost }: TunnelQuestion, answer: TunnelAnswer): TunnelDecision {
  steps.push({ step: answer.answer, rule: answer.rule, matched: true, why: answer.why })
  return {
    answer: answer.answer,
    reason: answer.reason,
    host: place.host,
    ...(certificateHost === null ? {} : { certificateHost }),
    tool: place.tool,
    tier: place.assignment?.tier ?? null,
    rule: answer.rule,
    isRecorded: answer.isRecorded || recorded !== null,
    steps,
  }
}
