import type { Action } from './action.ts'
import type { Client } from './client.ts'
import type { FindingCount, Severity, UnreadReason } from './finding.ts'
import type { LocalizedText } from './notice.ts'
import type { Sighting } from './sighting.ts'
import type { AuditFailureMode, Tier } from './tier.ts'
import type {
  DialectId,
  HostKnowledge,
  Identification,
  IdentificationConfidence,
  Purpose,
  RequestHead,
  ToolId,
} from './tool.ts'

export type PolicyMode = 'enforce' | 'observe'

/** One step of a decision, in order, for `explain` and for the event page. */
export interface DecisionStep {
  readonly step: string
  readonly rule: string | null
  readonly matched: boolean
  readonly why: string
}

/** What a tier does, compiled. */
/** `exchange`: request and response. */
export const SEAL_MODES = ['none', 'request', 'exchange'] as const
export type SealMode = (typeof SEAL_MODES)[number]

export interface TierRules {
  readonly tier: Tier
  readonly purposes: Readonly<Record<Purpose, Action>>
  /** `none`: tunnelled unread; `head`: intercepted, bodies unread; `body`: bodies read as the action says. */
  readonly read: 'none' | 'head' | 'body'
  readonly inspectMaxBytes: number
  readonly severities: Readonly<Record<Severity, Action>>
  readonly reversible: boolean
  readonly onUneditable: Action
  readonly onUnreadable: Action
  readonly onAuditFailure: AuditFailureMode
  /** What of its content is sealed for the auditors. */
  readonly seal: SealMode
}

/** What is known of a tunnel when it is decided: first by address, then again by its first bytes. */
export interface TunnelFacts {
  readonly client: Client
  /** The CONNECT target, canonical. */
  readonly host: string
  readonly port: number
  readonly hostKnowledge: HostKnowledge
  /** `null` at the first question (by address, before any byte). */
  readonly first: FirstBytes | null
  /** What the catalogue knows of the SNI, when there is one. */
  readonly sniKnowledge: HostKnowledge | null
  /** Milliseconds since this client last refused our certificate for this host; absent when it did not of late. */
  readonly refusedUsMs?: number
}

/** What the first bytes inside a tunnel are. */
export type FirstBytes =
  | {
      readonly kind: 'tls'
      /** Canonical SNI; `null` when the hello has none. */
      readonly sni: string | null
      readonly alpn: readonly string[]
      /** A real ECH extension (GREASE is told apart and is `false`). */
      readonly hasEch: boolean
    }
  | {
      readonly kind: 'http'
      /** What a further proxy is asked for: the host of an absolute target, `` for CONNECT; absent when nothing is. */
      readonly nested?: string
    }
  | {
      readonly kind: 'bytes'
      /** `` for a SOCKS greeting: a further proxy is asked for something. */
      readonly nested?: string
    }

/** Why a tunnel was answered as it was; goes into tunnel events. */
export const TUNNEL_REASONS = [
  'not-catalogued',
  'read-none',
  'never-list',
  'shared-host',
  'tenant',
  'intercepted',
  'plain-http',
  'not-tls',
  'host-mismatch',
  'duplicate-host',
  'sni-mismatch',
  'ech',
  'doh',
  'ip-literal',
  'port-refused',
  'not-readable-yet',
  'address-refused',
  'untrusting-client',
  'silent-client',
  'handshake-failed',
  'client-not-allowed',
  'nested-connect',
  'over-limit',
  'not-proxy-protocol',
  'no-destination',
  'balancer-header',
  'client-certificate',
  'proxy-auth-required',
  'proxy-auth-failed',
  'proxy-auth-ntlm',
  'too-many-attempts',
  'identity-unavailable',
] as const
export type TunnelReason = (typeof TUNNEL_REASONS)[number]

export interface TunnelDecision {
  /** `tunnel`: bytes pass unread; `intercept`: end TLS here; `plain-http`: requests inside are decided one by one. */
  readonly answer: 'tunnel' | 'intercept' | 'plain-http' | 'refuse'
  readonly reason: TunnelReason
  /** The name that counts from here on: the CONNECT host, or the SNI of a CONNECT to an IP. */
  readonly host: string
  /** The name our certificate is for, when it is not `host`: that of an ECH front. */
  readonly certificateHost?: string
  /** The strictest tool of the host, for events; `null` off the catalogue. */
  readonly tool: ToolId | null
  readonly tier: Tier | null
  /** The policy rule behind it: an `assign:…` or `config:…` name. */
  readonly rule: string | null
  /** `true`: leaves a tunnel event. Interception leaves none: its exchanges do. */
  readonly isRecorded: boolean
  readonly steps: readonly DecisionStep[]
}

/** What is known of a request body once it was read. */
export interface BodyFacts {
  readonly model: string | null
  readonly findings: readonly FindingCount[]
  /** Some finding stands in a part that must not be edited (signed, SigV4, encrypted). */
  readonly hasUneditableFinding: boolean
  /** It goes on from a history that the provider keeps, whose placeholders are not all known here. Absent: no. */
  readonly hasUnknownHistory?: boolean
  readonly unread: UnreadReason | null
}

export interface ExchangeFacts {
  readonly client: Client
  /** Milliseconds since the epoch, for exemptions. */
  readonly nowMs: number
  readonly head: RequestHead
  readonly identification: Identification
  /** Dialect recognised by wire shape; `null` when none. Matters on hosts outside the catalogue. */
  readonly seenDialect: DialectId | null
  /** What made it look like AI, on a host outside the catalogue; absent: the dialect alone. */
  readonly sighting?: Sighting
  /** `null` until the body was read. */
  readonly body: BodyFacts | null
}

/** The decision on one request; a value made by a pure function. */
export interface ExchangeDecision {
  /** `null`: not an AI tool; then `isRecorded` is false and the action is allow. */
  readonly tool: ToolId | null
  readonly toolVersion: string | null
  /** The host's own tool, when a foreign mark decided. */
  readonly via: ToolId | null
  readonly purpose: Purpose
  readonly dialect: DialectId
  /** E.g. `host+path`, `header:originator`. */
  readonly evidence: readonly string[]
  readonly confidence: IdentificationConfidence
  /** How sure it is that this is AI, 0 to 100; only of `unlisted`. */
  readonly score?: number
  readonly tier: Tier | null
  readonly action: Action
  /** What enforcement would have done, when `mode` is observe and it differs. */
  readonly would: Action | null
  readonly mode: PolicyMode
  /** Stable code, e.g. `tier-prohibited`, `rule`, `exemption`, `unreadable`, `not-ai`. */
  readonly reason: string
  /** The reason in IT's own words, for the notice. */
  readonly reasonText: LocalizedText | null
  /** E.g. `assign:tool:claude-code`, `rule:example-old-codex`, `default`. */
  readonly rule: string
  readonly exemption: string | null
  /** The rules of the tier that counts; `null` when `tool` is null. */
  readonly tierRules: TierRules | null
  /** A rule on `model` or `findings` may still match: the body must be read before its first byte goes upstream. */
  readonly needsBody: boolean
  /**
   * What is done with the messages behind an upgrade: each is held until it was judged, or read from a copy. `null`: they
   * pass unread, or there is no upgrade.
   */
  readonly messages: 'held' | 'copied' | null
  /** Severities whose spans are edited when the action is redact. */
  readonly editSeverities: readonly Severity[]
  /** Set when the path is not named by the catalogue (`unnamed-path`) or an upgrade stays unread (`websocket`). */
  readonly unread: UnreadReason | null
  /** `false`: leaves no audit event. */
  readonly isRecorded: boolean
  readonly steps: readonly DecisionStep[]
}
