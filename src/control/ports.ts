/** What the admin API needs of the rest, as interfaces; `app.ts` joins them. Control never touches a flow. */

import type { AdminEvent } from '../domain/audit-event.ts'
import type { Assurance } from '../domain/client.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { Problem } from '../domain/settings.ts'
import type { DialectId, ToolId } from '../domain/tool.ts'
import type { AllowedMark } from '../inspect/allowed.ts'
import type { FoundMark } from '../inspect/finding-memory.ts'
import type { PacInput } from './pac.ts'

/** Filters of the events query; times are RFC 3339, all others exact unless said. */
export interface EventQuery {
  readonly since?: string
  readonly until?: string
  readonly tool?: string
  readonly tier?: string
  readonly action?: string
  readonly client?: string
  readonly host?: string
  readonly rule?: string
  readonly phase?: string
  /** Words to find anywhere in the record. */
  readonly text?: string
  /** A question in the search language (domain/event-search.ts); it and the filters must hold. */
  readonly q?: string
  readonly limit: number
  readonly cursor?: string
  readonly order: 'asc' | 'desc'
}

/** Intent and outcome of one flow merged, personal fields joined. Field names are those of the event lines. */
export type ExchangeRecord = Readonly<Record<string, unknown>>

export interface EventPage {
  readonly items: readonly ExchangeRecord[]
  readonly next: string | null
  /** RFC 3339: the search took too long and ended here; `next` goes on. */
  readonly stoppedAt?: string
  /** A term that no exchange fulfils. */
  readonly excludedBy?: string
}

export interface FacetsAnswer {
  readonly total: number
  /** `false`: it took too long; the newest were counted. */
  readonly isWhole: boolean
  readonly facets: Readonly<
    Record<
      string,
      {
        readonly values: readonly { readonly value: string; readonly count: number }[]
        readonly other: number
        readonly none: number
      }
    >
  >
}

export interface HistogramAnswer {
  readonly total: number
  readonly isWhole: boolean
  readonly bucketMs: number
  readonly buckets: readonly { readonly time: string; readonly count: number }[]
}

export interface EventStorePort {
  readonly query: (query: EventQuery) => Promise<EventPage>
  /** By flow or record id; `null` when unknown. `records` are the single lines. */
  readonly find: (
    id: string,
  ) => Promise<{ readonly exchange: ExchangeRecord; readonly records: readonly ExchangeRecord[] } | null>
  /** Newest event time by tool id. */
  readonly lastSeen: () => Promise<ReadonlyMap<string, string>>
}

/** Counts over the events that match. */
export interface EventCountsPort {
  /** How often each value occurs. Rejects with code `bad-query` for a field that cannot be counted. */
  readonly facets: (query: {
    readonly q?: string
    readonly fields: readonly string[]
    readonly limit: number
  }) => Promise<FacetsAnswer>
  readonly histogram: (query: { readonly q?: string; readonly buckets: number }) => Promise<HistogramAnswer>
}

export interface PolicyPort {
  readonly current: () => PolicySnapshot
  /** `rules/policy.yaml` as loaded. */
  readonly source: () => string
  readonly problems: () => readonly Problem[]
  /** Counts for `GET snapshot`. */
  readonly counts: () => { readonly endpoints: number; readonly detectors: number; readonly exemptions: number }
  readonly explain: (input: ExplainInput) => ExplainOutput
}

export interface ExplainInput {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly user?: string
  readonly groups?: readonly string[]
  readonly assurance?: Assurance
  readonly address?: string
}

/** The answer of `POST explain`; fields as in contracts section 9. */
export type ExplainOutput =
  | { readonly ok: true; readonly explanation: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string }

export interface ReadinessPort {
  readonly checks: () => {
    readonly spool: boolean
    readonly store: boolean
    readonly tree: boolean
    readonly ca: boolean
    readonly rules: boolean
  }
  /** `true` once a stop was asked for: not ready, whatever the checks say. */
  readonly isDraining?: () => boolean
  /** What is wrong without making it unready, by check; empty when nothing is. No paths, no persons. */
  readonly details?: () => Readonly<Record<string, string>>
  /** Receivers of records, for information only; `null`: there is none. */
  readonly sinks?: () => { readonly well: number; readonly failing: number } | null
}

/** What the admin port has to say to the operational log; `observe/log.ts` fits it. */
export interface ControlLogPort {
  readonly warn: (fields: Readonly<Record<string, unknown>>, event: string) => void
  readonly error: (fields: Readonly<Record<string, unknown>>, event: string) => void
}

export interface MetricsPort {
  /** Prometheus text format. */
  readonly scrape: () => Promise<string>
}

export interface CaPort {
  readonly rootPem: () => string
}

export interface AdminAuditPort {
  readonly record: (event: Pick<AdminEvent, 'actor' | 'operation' | 'target' | 'before' | 'after'>) => void
  /** The same, for what may only happen once its record is durable. Rejects when it cannot be. */
  readonly recordFirst: (
    event: Pick<AdminEvent, 'actor' | 'operation' | 'target' | 'before' | 'after'>,
  ) => Promise<void>
}

/** What is sealed of an exchange, as far as this machine can open it: only the auditors can read on. */
export interface SealedTexts {
  readonly texts: readonly unknown[]
  /** Texts that are not those the event speaks of. */
  readonly changed: number
  /** Texts of a person who was erased, or of a day that has expired. */
  readonly gone: number
}

export interface SealedPort {
  /** `null`: nothing of it was to be sealed. */
  readonly open: (exchange: ExchangeRecord) => Promise<SealedTexts | null>
}

/** A report of a false positive; `atMs` in milliseconds since the epoch. */
export interface ReportFacts {
  readonly id: string
  readonly event: string
  readonly detectors: readonly string[]
  readonly by: string
  readonly atMs: number
  readonly reason: string | null
  readonly status: 'open' | 'allowed' | 'taken-back' | 'closed'
  readonly allowed: readonly AllowedMark[]
}

/** Reports of false positives and the allowlist. What is allowed or taken back takes effect at once. */
export interface FeedbackPort {
  readonly newId: () => string
  /** What was found in a flow; `null`: nothing, or it is no longer remembered. */
  readonly foundIn: (flow: string) => readonly FoundMark[] | null
  readonly list: (options: { readonly status?: ReportFacts['status']; readonly limit: number }) => ReportFacts[]
  readonly find: (id: string) => ReportFacts | null
  /** The report of a flow that is open or allowed. */
  readonly ofEvent: (flow: string) => ReportFacts | null
  /** `null`: too many are open. */
  readonly add: (report: Pick<ReportFacts, 'id' | 'event' | 'detectors' | 'by' | 'reason'>) => ReportFacts | null
  /** `false`: the allowlist is full. */
  readonly allow: (id: string, marks: readonly AllowedMark[], by: string) => boolean
  readonly end: (id: string, status: 'taken-back' | 'closed') => void
}

/** A host outside the catalogue that looks like AI. Times are RFC 3339. */
export interface DiscoveredHost {
  readonly host: string
  /** 0 to 100. */
  readonly score: number
  readonly evidence: readonly string[]
  /** `false`: only its name and its tunnels were seen. */
  readonly isRead: boolean
  readonly dialects: readonly DialectId[]
  /** Tools that mark themselves there. */
  readonly tools: readonly ToolId[]
  readonly requests: number
  readonly tunnels: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** About how many. */
  readonly clients: number
  readonly firstSeen: string
  readonly lastSeen: string
  readonly dismissed: { readonly by: string; readonly at: string; readonly reason: string } | null
  /** What it would be called in the catalogue, and its line in the policy. */
  readonly draft: { readonly tool: ToolId; readonly policy: string }
}

export interface DiscoverQuery {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number
  readonly minScore: number
  /** Also what was dismissed. */
  readonly all: boolean
}

/** Unknown AI: what was counted of it. */
export interface DiscoverPort {
  readonly list: (query: DiscoverQuery) => readonly DiscoveredHost[]
  readonly find: (host: string) => DiscoveredHost | null
  readonly dismiss: (host: string, by: string, reason: string) => void
  readonly drift: () => readonly {
    readonly tool: ToolId
    readonly host: string
    readonly windows: number
    readonly lift: number
    readonly share: number
    readonly clients: number
    readonly firstSeen: string
    readonly lastSeen: string
  }[]
  readonly paths: () => readonly {
    readonly tool: ToolId
    readonly host: string
    readonly path: string
    readonly count: number
    readonly firstSeen: string
    readonly lastSeen: string
  }[]
  /** A whole catalogue file of these hosts. */
  readonly draft: (hosts: readonly DiscoveredHost[]) => string
}

/** One identity of a person; `identity` (`user:alice`) is `null` where only the pseudonym is known. */
export interface SubjectFacts {
  readonly identity: string | null
  /** `null`: a name must lead nobody to its pseudonym (mode `pseudonymous`). */
  readonly who: string | null
}

export type ErasedPerson =
  | {
      readonly ok: true
      /** `records: null`: the store did not answer; it forgets when it is built again. */
      readonly erased: readonly (SubjectFacts & { readonly records: number | null })[]
      /** Other identities with records of their own that came with this person. */
      readonly left: readonly SubjectFacts[]
    }
  | { readonly ok: false; readonly why: 'unknown' | 'held' | 'names'; readonly detail: string }

/** A legal hold; times are RFC 3339. */
export interface HoldFacts {
  readonly id: string
  readonly reason: string
  readonly by: string
  readonly at: string
  readonly since: string | null
  readonly until: string | null
  /** Pseudonym of the person it is about; `null`: of everybody, or he had none, or nobody may see it. */
  readonly who: string | null
  /** It is about one person. */
  readonly hasSubject: boolean
}

/** Erasure and legal holds. Everything is recorded; it rejects when that, or writing it, is not possible. */
export interface PersonsPort {
  readonly erase: (asked: {
    readonly subject: string
    readonly reason: string
    readonly actor: string
  }) => Promise<ErasedPerson>
  readonly holds: {
    readonly list: () => readonly HoldFacts[]
    readonly add: (asked: {
      readonly reason: string
      readonly by: string
      readonly since?: string | undefined
      readonly until?: string | undefined
      readonly subject?: string | undefined
    }) => Promise<{ readonly ok: true; readonly hold: HoldFacts } | { readonly ok: false; readonly detail: string }>
    /** `null`: there is none. */
    readonly release: (asked: {
      readonly id: string
      readonly reason: string
      readonly by: string
    }) => Promise<HoldFacts | null>
  }
}

export interface ControlPorts {
  readonly persons: PersonsPort
  readonly discover: DiscoverPort
  readonly feedback: FeedbackPort
  readonly sealed: SealedPort
  readonly events: EventStorePort
  readonly counts: EventCountsPort
  readonly policy: PolicyPort
  readonly readiness: ReadinessPort
  readonly metrics: MetricsPort
  readonly ca: CaPort
  readonly audit: AdminAuditPort
  readonly log?: ControlLogPort
  /** What the PAC file is made of; `askedHost` is the canonical name by which it was asked for. */
  readonly pac: (askedHost: string | null) => PacInput
}
