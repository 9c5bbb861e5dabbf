import type { Action } from './action.ts'
import type { Client } from './client.ts'
import type { PolicyMode } from './decision.ts'
import type { FindingCount, UnreadReason } from './finding.ts'
import type { Tier } from './tier.ts'
import type { DialectId, IdentificationConfidence, Purpose, ToolId } from './tool.ts'

export const EVENT_PHASES = ['intent', 'outcome', 'tunnel', 'config', 'admin'] as const

export const ERROR_SIDES = ['client', 'upstream', 'weir'] as const
export type ErrorSide = (typeof ERROR_SIDES)[number]

export interface EventError {
  readonly code: string
  readonly side: ErrorSide
}

export interface EventDestination {
  readonly host: string
  readonly port: number
  readonly scheme?: 'http' | 'https'
  /** HTTP version the client spoke, e.g. `1.1`. */
  readonly http?: string
}

interface EventBase {
  readonly v: 1
  /** ULID of this record. */
  readonly id: string
  /** ULID of the flow; notices show it. */
  readonly flow: string
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string
}

/** The fields of a decision; in the intent, or in the outcome when there is only one record. */
export interface DecisionFields {
  readonly destination: EventDestination
  readonly tool: ToolId | null
  readonly toolVersion: string | null
  readonly via: ToolId | null
  readonly purpose: Purpose
  readonly dialect: DialectId
  readonly evidence: readonly string[]
  readonly confidence: IdentificationConfidence
  /** How sure it is that this is AI, 0 to 100; only of tool `unlisted`. */
  readonly score?: number
  readonly tier: Tier | null
  readonly action: Action
  readonly would: Action | null
  readonly mode: PolicyMode
  readonly reason: string
  readonly rule: string
  readonly exemption: string | null
  readonly policyRevision: string
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly bytesIn: number | null
  readonly findings: readonly FindingCount[]
  readonly bytesUnchanged: boolean
  readonly unread: UnreadReason | null
  /** Tenant restrictions whose headers were set on the request; never their values. */
  readonly tenants?: readonly string[]
}

export interface OutcomeFields {
  readonly status: number | null
  readonly bytesOut: number
  readonly model: string | null
  readonly tokens: { readonly in: number | null; readonly out: number | null } | null
  readonly timings: {
    readonly decideMs: number
    readonly inspectMs: number | null
    readonly upstreamMs: number | null
    readonly totalMs: number
  }
  readonly error: EventError | null
  readonly complete: boolean
  /** Messages counted where a stream is made of them (gRPC, Connect, WebSocket); absent elsewhere. */
  readonly messages?: MessageCounts
  /** The first Close of a WebSocket whose messages were read; `null`: it ended without one. Absent elsewhere. */
  readonly close?: WebSocketClose | null
  /** Places of the answer where a value was put back; absent: none. */
  readonly restored?: number
  /** Placeholders of the answer whose value was not known and that stayed; absent: none. */
  readonly restoreMisses?: number
  /** Why the answer, or a part of it, was not looked through although its request was redacted; absent: it was. */
  readonly unrestored?: UnrestoredReason
  /** What of the content was sealed for the auditors; absent: nothing was to be. */
  readonly sealed?: readonly SealedPart[]
}

export const UNRESTORED_REASONS = ['oversize', 'over-capacity', 'unknown-coding', 'dialect', 'shared-address'] as const
export type UnrestoredReason = (typeof UNRESTORED_REASONS)[number]

/** A text that only the auditors together can read. */
export interface SealedPart {
  readonly part: 'request' | 'response'
  /** Hex SHA-256 of the sealed line, which says nothing of the text; `null`: it could not be sealed. */
  readonly digest: string | null
}

/** Who closed a WebSocket, and with which code (RFC 6455 section 7.4); 1005: the Close said none. */
export interface WebSocketClose {
  readonly by: ErrorSide
  readonly code: number
}

/** Whole messages that passed: `in` from the client, `out` to it. */
export interface MessageCounts {
  readonly in: number
  readonly out: number
}

export interface IntentEvent extends EventBase, DecisionFields {
  readonly phase: 'intent'
  readonly client: Client
  /** A message inside an open connection: the flow id of that connection. */
  readonly parent?: string
}

/** The outcome after an intent: it repeats only what the copy measured (bytesIn, findings, unread). */
export interface FollowingOutcomeEvent extends EventBase, OutcomeFields {
  readonly phase: 'outcome'
  readonly client: Client
  /** A message inside an open connection: the flow id of that connection. */
  readonly parent?: string
  readonly bytesIn: number
  readonly findings: readonly FindingCount[]
  readonly unread: UnreadReason | null
}

/** The only record of an `allow` or `block`. */
export interface SingleOutcomeEvent extends EventBase, DecisionFields, OutcomeFields {
  readonly phase: 'outcome'
  readonly client: Client
  /** A message inside an open connection: the flow id of that connection. */
  readonly parent?: string
}

export interface TunnelEvent extends EventBase {
  readonly phase: 'tunnel'
  readonly client: Client
  readonly destination: EventDestination
  readonly tool: ToolId | null
  readonly tier: Tier | null
  readonly action: 'allow' | 'block'
  readonly reason: string
  readonly rule: string | null
  readonly policyRevision: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  readonly error: EventError | null
  /** How the client refused our certificate: its TLS alert, or `closed_after_handshake`. */
  readonly alert?: string
  /** How many alike were folded into this one (untrusting clients). */
  readonly count?: number
}

export interface ConfigEvent extends EventBase {
  readonly phase: 'config'
  readonly what: 'config' | 'policy' | 'catalogue' | 'detectors' | 'notices' | 'identity' | 'rules'
  readonly from: string | null
  readonly to: string | null
  readonly ok: boolean
  readonly problems: number
  readonly by: 'start' | 'file' | 'signal' | 'api'
}

export interface AdminEvent extends EventBase {
  readonly phase: 'admin'
  readonly actor: string
  readonly operation: string
  readonly target: string
  readonly before: unknown
  readonly after: unknown
}

/** What `flow/record.ts` hands to `audit/`; stream, sequence, chain and pseudonyms are added there. */
export type AuditEvent =
  | IntentEvent
  | FollowingOutcomeEvent
  | SingleOutcomeEvent
  | TunnelEvent
  | ConfigEvent
  | AdminEvent
