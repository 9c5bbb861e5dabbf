/** What would happen to a request, and why: `weir explain` and `POST explain` (contracts section 9). Pure. */

import type { Assurance, Client } from '../domain/client.ts'
import type { BodyFacts, ExchangeFacts, TunnelDecision } from '../domain/decision.ts'
import { canonicalHost, isIpLiteral } from '../domain/destination.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { DialectId, Identification, RequestHead } from '../domain/tool.ts'

/** The question; the same shape as `ExplainInput` of the admin API, and what a body would have told. */
export interface ExplainQuestion {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly user?: string
  readonly groups?: readonly string[]
  /** How the client is known; left out: `network` where a user or group is named. */
  readonly assurance?: Assurance
  readonly address?: string
  readonly body?: BodyFacts
}

/** What the caller knows and this folder may not: the time, and the dialects. */
export interface ExplainContext {
  /** Milliseconds since the epoch, for exemptions. */
  readonly nowMs: number
  readonly recogniseDialect: (head: RequestHead) => DialectId | null
  /** Who is at an address; without it only what the question says is known. */
  readonly clientAt?: (address: string) => Client
}

export type Explained =
  | { readonly ok: true; readonly explanation: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string }

/** Explain one request: first whether it would be read, then, when it is, what happens to it. */
export function explain(snapshot: PolicySnapshot, question: ExplainQuestion, context: ExplainContext): Explained {
  const head = headOf(question)
  if (typeof head === 'string') return { ok: false, problem: head }
  const client = clientOf(question, context)
  const tunnel = head.scheme === 'https' ? tunnelOf(snapshot, client, head) : null
  const explanation =
    tunnel?.answer === 'tunnel' || tunnel?.answer === 'refuse'
      ? unreadAnswer(tunnel)
      : readAnswer(snapshot, tunnel, {
          client,
          nowMs: context.nowMs,
          head,
          identification: snapshot.identify(head),
          seenDialect: context.recogniseDialect(head),
          body: question.body ?? null,
        })
  return { ok: true, explanation: { ...explanation, policyRevision: snapshot.revision } }
}

/** Intercepted, or plain HTTP: the request itself is decided. */
function readAnswer(
  snapshot: PolicySnapshot,
  tunnel: TunnelDecision | null,
  facts: ExchangeFacts,
): Readonly<Record<string, unknown>> {
  const { tierRules: _rules, steps, ...shown } = snapshot.decideExchange(facts)
  return {
    read: tunnel?.answer ?? 'plain-http',
    readReason: tunnel?.reason ?? 'plain-http',
    ...shown,
    candidates: candidatesOf(snapshot, facts.identification),
    marks: facts.identification.marks,
    steps: [...(tunnel?.steps ?? []), ...steps],
  }
}

function headOf(question: ExplainQuestion): RequestHead | string {
  const url = URL.parse(question.url.includes('://') ? question.url : `https://${question.url}`)
  if (url === null) return `\`${question.url}\` is not a URL: write \`https://host/path\``
  const scheme = schemeOf(url.protocol)
  if (scheme === null) return `\`${url.protocol}\` is not a scheme that a proxy carries: write http, https, ws or wss`
  const host = canonicalHost(url.hostname)
  if (host === null) return `\`${url.hostname}\` is not a host`
  const headers = Object.entries(question.headers ?? {}).flat()
  return {
    method: (question.method ?? 'GET').toUpperCase(),
    scheme,
    host,
    port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
    path: url.pathname,
    headers,
    isUpgrade: url.protocol.startsWith('ws') || hasUpgrade(question.headers ?? {}),
  }
}

function schemeOf(protocol: string): 'http' | 'https' | null {
  if (protocol === 'https:' || protocol === 'wss:') return 'https'
  return protocol === 'http:' || protocol === 'ws:' ? 'http' : null
}

const hasUpgrade = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === 'upgrade' && value.toLowerCase() === 'websocket',
  )

/** What the question says of the client comes over what the address tells. */
function clientOf(question: ExplainQuestion, context: ExplainContext): Client {
  const address = question.address ?? '127.0.0.1'
  const known = context.clientAt?.(address) ?? {
    address,
    user: null,
    groups: [],
    device: null,
    network: null,
    assurance: 'none' as const,
  }
  const isNamed = question.user !== undefined || question.groups !== undefined
  const implied = isNamed && known.assurance === 'none' ? 'network' : known.assurance
  const assurance = question.assurance ?? implied
  return { ...known, user: question.user ?? known.user, groups: question.groups ?? known.groups, assurance }
}

/** A client that does what clients do: TLS with the host as SNI, HTTP/1.1 offered. */
function tunnelOf(snapshot: PolicySnapshot, client: Client, head: RequestHead): TunnelDecision {
  const hostKnowledge = snapshot.lookupHost(head.host, head.port)
  const sni = isIpLiteral(head.host) ? null : head.host
  const first = { kind: 'tls', sni, alpn: ['h2', 'http/1.1'], hasEch: false } as const
  return snapshot.decideTunnel({
    client,
    host: head.host,
    port: head.port,
    hostKnowledge,
    first,
    sniKnowledge: sni === null ? null : hostKnowledge,
  })
}

const unreadAnswer = (tunnel: TunnelDecision): Readonly<Record<string, unknown>> => ({
  read: tunnel.answer,
  readReason: tunnel.reason,
  tool: tunnel.tool,
  candidates: [],
  marks: [],
  evidence: [],
  tier: tunnel.tier,
  action: tunnel.answer === 'refuse' ? 'block' : 'allow',
  rule: tunnel.rule,
  reason: tunnel.reason,
  isRecorded: tunnel.isRecorded,
  steps: tunnel.steps,
})

const candidatesOf = (snapshot: PolicySnapshot, identification: Identification): readonly unknown[] =>
  identification.candidates.map((candidate) => ({ ...candidate, ...snapshot.tierOf(candidate.tool) }))
