/** What tries to look like something else, or to lead past us: the rows of contracts section 4 that `evasion:` governs. Pure. */
import type { FirstBytes } from '../domain/decision.ts'
import { isIpLiteral } from '../domain/destination.ts'
import { evade, refuse, type TunnelAnswer, type TunnelQuestion } from './tunnel-answer.ts'
import { isAi, isRead, isTunnelledAnyway, mayGoUnread } from './tunnel-place.ts'

type Hello = FirstBytes & { kind: 'tls' }

/** How long a refusal of our certificate counts. `refuse` is short, so that a client that was mended works again soon. */
const UNTRUSTING_MS = { refuse: 60_000, allow: 600_000 } as const

/** `null`: nothing does, or policy lets it pass. */
export function evasionOf(question: TunnelQuestion): TunnelAnswer | null {
  return byAddress(question) ?? byFirstBytes(question)
}

function byAddress(question: TunnelQuestion): TunnelAnswer | null {
  return doh(question) ?? untrusting(question)
}

function byFirstBytes(question: TunnelQuestion): TunnelAnswer | null {
  const { first } = question.facts
  if (first === null) return null
  if (first.kind === 'tls' && first.sni !== null) {
    return echFront(question, first, first.sni) ?? mismatch(question, first.sni) ?? ech(question, first)
  }
  return ipLiteral(question) ?? nested(question, first) ?? nonTls(question, first)
}

/** A resolver past the company's own. One that is read anyway is told by its requests. */
function doh(question: TunnelQuestion): TunnelAnswer | null {
  const { policy, facts, place } = question
  const isKnown = policy.dohHosts.has(place.host) || policy.dohHosts.has(facts.host)
  if (!isKnown || policy.settings.never.has(place.host)) return null
  if (isRead(policy, place.host, facts.port, place.knowledge)) return null
  return evade(question, 'doh', 'doh', 'a known resolver over HTTPS')
}

/**
 * This client has just refused our certificate for this host, so that nothing of it will be read. `refuse` says so at once;
 * `allow` lets it through unread where no tool is held or prohibited, and that is always recorded.
 */
function untrusting(question: TunnelQuestion): TunnelAnswer | null {
  const { policy, facts, place } = question
  const { refusedUsMs = Number.POSITIVE_INFINITY } = facts
  const answer = policy.evasion.untrustingClient
  if (answer === 'record' || refusedUsMs >= UNTRUSTING_MS[answer] || isTunnelledAnyway(policy, place)) return null
  if (!isRead(policy, place.host, facts.port, place.knowledge)) return null
  const why = 'this client has just refused our certificate for this host'
  if (answer === 'refuse') return evade(question, 'untrustingClient', 'untrusting-client', why)
  const rule = 'evasion:untrustingClient'
  if (mayGoUnread(policy, place)) return { answer: 'tunnel', reason: 'untrusting-client', rule, isRecorded: true, why }
  const kept = `${why}; a restricted or prohibited tool or a restricted tenant is there: it does not pass unread`
  question.steps.push({ step: 'evasion', rule, matched: false, why: kept })
  return null
}

/**
 * A hello that shows the public name of an ECH front hides another one. Behind a name that is read, our certificate is for the
 * front: the client then knows that ECH is off here and comes again without it (RFC 9849 section 6.1.6). Behind the
 * front itself or an address nobody can tell where it goes. Behind any other name it is ordinary browsing.
 */
function echFront(question: TunnelQuestion, first: Hello, sni: string): TunnelAnswer | null {
  const { policy, facts } = question
  if (!first.hasEch || !policy.echFronts.has(sni)) return null
  const isNamedRead = isRead(policy, facts.host, facts.port, facts.hostKnowledge)
  if (!isNamedRead && facts.host !== sni && !isIpLiteral(facts.host)) return null
  if (isNamedRead) question.certificateHost = sni
  return evade(question, 'ech', 'ech', 'the hello hides its real name behind an ECH front')
}

function mismatch(question: TunnelQuestion, sni: string): TunnelAnswer | null {
  const { policy, facts, certificateHost } = question
  if (sni === facts.host || sni === certificateHost || isIpLiteral(facts.host)) return null
  const isSniRead = facts.sniKnowledge !== null && isRead(policy, sni, facts.port, facts.sniKnowledge)
  if (!isSniRead && !isRead(policy, facts.host, facts.port, facts.hostKnowledge)) return null
  return evade(question, 'sniMismatch', 'sni-mismatch', 'the hello asks for another host than CONNECT')
}

/**
 * On the wire GREASE cannot be told from real ECH, and every Chrome sends it. Where TLS ends here it is moot: what is
 * inside is read anyway. So `record` counts only for tunnels that stay unread; `refuse` is IT's own choice.
 */
function ech(question: TunnelQuestion, first: Hello): TunnelAnswer | null {
  const { policy, place } = question
  if (question.certificateHost !== null || !first.hasEch || !isAi(policy, place.host, place.knowledge)) return null
  if (policy.evasion.ech !== 'refuse' && !isTunnelledAnyway(policy, place)) return null
  return evade(question, 'ech', 'ech', 'the hello hides its real name (ECH)')
}

function ipLiteral(question: TunnelQuestion): TunnelAnswer | null {
  const { facts } = question
  if (!isIpLiteral(facts.host) || facts.hostKnowledge.isKnown) return null
  return evade(question, 'ipLiteral', 'ip-literal', 'an address instead of a name, and no SNI')
}

/** CONNECT, an absolute target of another host, or SOCKS, said to a host that we do not read: a further proxy, where we cannot follow. */
function nested(question: TunnelQuestion, first: FirstBytes): TunnelAnswer | null {
  const { policy, facts, place } = question
  if (first.kind === 'tls' || first.nested === undefined || first.nested === facts.host) return null
  if (isRead(policy, place.host, facts.port, place.knowledge) || isTunnelledAnyway(policy, place)) return null
  return evade(question, 'nestedConnect', 'nested-connect', 'a further proxy is asked inside the tunnel')
}

/** Catalogue hosts speak TLS or HTTP: other bytes there are refused. Elsewhere only `nonTls: refuse` or reading all hosts counts. */
function nonTls(question: TunnelQuestion, first: FirstBytes): TunnelAnswer | null {
  const { policy, place, facts } = question
  if (first.kind !== 'bytes' || isTunnelledAnyway(policy, place)) return null
  if (isAi(policy, place.host, place.knowledge)) {
    return refuse('not-tls', place.assignment?.rule ?? null, 'neither TLS nor HTTP on an AI host')
  }
  const counts = policy.evasion.nonTls === 'refuse' || isRead(policy, facts.host, facts.port, facts.hostKnowledge)
  return counts ? evade(question, 'nonTls', 'not-tls', 'neither TLS nor HTTP') : null
}
