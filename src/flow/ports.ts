/** The effects that flows need, as interfaces. Adapters implement them; `app.ts` joins the two. */
import type { AuditEvent, SealedPart } from '../domain/audit-event.ts'
import type { Client } from '../domain/client.ts'
import type { Destination } from '../domain/destination.ts'
import type { Findings, Inspected, Severity, UnreadReason } from '../domain/finding.ts'
import type { RawHeaders } from '../domain/headers.ts'
import type { ConnectionFacts, Identified, RequestEvidence } from '../domain/identity.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { Limits } from '../domain/settings.ts'
import type { Sighting } from '../domain/sighting.ts'
import type { DialectId, ToolId } from '../domain/tool.ts'
import type { WorkTurns } from '../domain/work-turns.ts'
import type { RecoveryPorts } from '../inspect/blocked-values.ts'
import type { Vault } from '../inspect/vault.ts'
import type { Coding } from '../wire/content-coding.ts'
import type { DecodingRoom } from './decoding-room.ts'

/** Operational log. Never bodies, header values, query strings or keys. */
export interface Logger {
  readonly debug: (fields: Readonly<Record<string, unknown>>, event: string) => void
  readonly info: (fields: Readonly<Record<string, unknown>>, event: string) => void
  readonly warn: (fields: Readonly<Record<string, unknown>>, event: string) => void
  readonly error: (fields: Readonly<Record<string, unknown>>, event: string) => void
}

/** Counters and gauges. Labels are bounded sets: tool, tier, action, rule, code; never hosts, users or paths. */
export interface Metrics {
  readonly count: (name: string, labels?: Readonly<Record<string, string>>, by?: number) => void
  readonly observe: (name: string, value: number, labels?: Readonly<Record<string, string>>) => void
  /** A gauge that is read when scraped; with labels, one series of it. */
  readonly gauge: (name: string, read: () => number, labels?: Readonly<Record<string, string>>) => void
}

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** RFC 3339 of now, UTC, with milliseconds. */
  readonly nowIso: () => string
  /** Monotonic milliseconds, for durations. */
  readonly tickMs: () => number
}

/** The audit trail. */
export interface AuditPort {
  /** Resolves once the record is on disk; rejects when it cannot be written. */
  readonly append: (event: AuditEvent) => Promise<void>
  /** Queued and written with the next group; a failure is counted and logged, and kept in memory up to a limit. */
  readonly appendSoon: (event: AuditEvent) => void
  /** May new events be taken? `spool` is how many bytes wait in memory. */
  readonly health: () => { readonly ok: boolean; readonly spooledBytes: number; readonly detail: string | null }
}

/** A held, decoded body to look into. */
export interface InspectRequest {
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly dialect: DialectId
  /** An edit may follow, for this client (`vaultKey`): what is known of him is found wherever it stands. */
  readonly editFor?: string
  /** Id of the request, by which somebody may report what was found in it. */
  readonly flow?: string
  /** How long it may take; the inspector's own limit when left out. */
  readonly budgetMs?: number
}

export interface EditRequest extends InspectRequest {
  readonly findings: Findings
  readonly severities: readonly Severity[]
  /** Keep what is replaced, so that it can be put back for this client. */
  readonly keepFor?: string
  /** Also where nothing may be edited: for a text that nobody gets in place of the body. */
  readonly isAnywhere?: boolean
}

export interface Edited {
  /** The same array when nothing was replaced. */
  readonly body: Uint8Array
  readonly placeholders: readonly string[]
}

/** Detection and redaction: at once where it is quick, else in a thread or in turns of the event loop. */
export interface InspectPort {
  readonly inspect: (request: InspectRequest) => Inspected | Promise<Inspected>
  /** The body with the spans of the given severities replaced; every other byte stays. */
  readonly redact: (request: EditRequest) => Edited | Promise<Edited>
}

/** Who is at an address. */
export interface IdentityPort {
  readonly identify: (address: string) => Client
}

/** Who asks, told from all identity sources together: the strongest one names the user. */
export interface ClientIdentityPort {
  /** By the connection alone: for records of what is no request. Nothing is refused here. */
  readonly ofConnection: (facts: ConnectionFacts) => Client
  /** For one request to the proxy itself. Never rejects; synchronous where nothing has to be waited for. */
  readonly identify: (facts: ConnectionFacts, evidence: RequestEvidence) => Identified | Promise<Identified>
}

/** More groups of a known user, e.g. of a directory. */
export interface GroupPort {
  /** Rejects when the directory cannot be asked. Whoever composes identities caches and limits the calls. */
  readonly groupsOf: (user: string) => Promise<readonly string[]>
}

/** A body as `edge/` held it: encoded as received. */
export interface HeldBody {
  readonly bytes: Uint8Array
  /** Set when the body does not end with `bytes`: too long, or no room. */
  readonly cut: 'oversize' | 'over-capacity' | null
  /** Set when `edge/` knows already that it cannot be read. */
  readonly unread?: UnreadReason
}

/** A text to be sealed for the auditors. */
export interface SealRequest {
  readonly flow: string
  readonly client: Client
  readonly part: SealedPart['part']
  readonly contentType: string | null
  readonly isCut: boolean
  readonly text: Uint8Array
}

/** Seals texts so that only the auditors together can read them. */
export interface SealPort {
  /** Bytes of one text that are sealed; the rest is cut. */
  readonly maxBytes: number
  /** Resolves once it is durable, with what the event says of it. Never rejects. */
  readonly seal: (request: SealRequest) => Promise<SealedPart>
}

/** A source of body bytes: push, with pause and resume. `start` is called once. */
export interface BodySource {
  readonly start: (sink: BodySink) => void
  readonly pause: () => void
  readonly resume: () => void
  /** Stop reading; no further sink call follows. */
  readonly cancel: () => void
}

export interface BodySink {
  /** `false` asks for a pause; the sink calls `resume` when it can take more. */
  readonly chunk: (bytes: Uint8Array) => boolean
  readonly end: (trailers: RawHeaders) => void
  readonly fail: (error: ProxyError) => void
}

export interface UpstreamRequest {
  readonly destination: Destination
  readonly method: string
  /** Path with query, as sent. */
  readonly target: string
  /** End-to-end headers only, Host included. */
  readonly headers: RawHeaders
  /** `Uint8Array`: held whole, can be sent again; taken away (`null`) once the response has begun: keep no other hold. */
  readonly body: BodySource | Uint8Array | null
  /** Whose request it is, for a fair share of what clients share; left out where nobody can tell clients apart. */
  readonly client?: string
}

export interface UpstreamResponseSink extends BodySink {
  readonly informational: (status: number, headers: RawHeaders) => void
  readonly head: (status: number, statusText: string, headers: RawHeaders) => void
}

/** A running upstream exchange. */
export interface UpstreamExchange {
  readonly pause: () => void
  readonly resume: () => void
  readonly cancel: () => void
}

export interface UpstreamPort {
  /** Start to connect, for a request to this destination follows soon: called while the intent record is written. */
  readonly prepare?: (destination: Destination) => void
  readonly exchange: (request: UpstreamRequest, sink: UpstreamResponseSink) => UpstreamExchange
}

/** Values of clients, and what placeholders begin with. */
export interface RestoreStore {
  readonly vault: Vault
  readonly prefix: string
  /** Restores a whole JSON body in a thread; `null`: none is free, or it is lost. Absent: all are read here. */
  readonly restoreLarge?: (request: RestoreRequest) => Promise<RestoredLarge | null> | null
}

export interface RestoreRequest {
  readonly client: string
  readonly dialect: DialectId
  readonly body: Uint8Array
}

export interface RestoredLarge {
  /** `null`: it stays as it is. */
  readonly body: Uint8Array | null
  readonly restored: number
  readonly misses: number
  /** Under this id the provider remembers what was said. */
  readonly history: string | null
}

/** Where flows take their rules from: read once per flow. */
export interface SnapshotSource {
  readonly current: () => PolicySnapshot
}

/** Counts what looks like AI and is not in the catalogue. Never throws, never waits, and keeps no address. */
export interface DiscoveryPort {
  /** Was this host seen to serve AI? Then the first bytes of its requests are looked at before they pass. */
  readonly isNear: (host: string) => boolean
  /**
   * The first bytes of a compressed body, from a copy that may be cut anywhere; `null`: nothing of it is known. Never
   * rejects; bounded in bytes, time and how many at once.
   */
  readonly decode: (bytes: Uint8Array, codings: readonly Coding[]) => Promise<Uint8Array | null>
  /** Such a host is reached, in whatever way. */
  readonly contact: (client: string, host: string) => void
  /** A request to a host outside the catalogue. */
  readonly request: (seen: SeenRequest) => void
  /** A tunnel to such a host, of which nothing was read. */
  readonly tunnel: (seen: SeenTunnel) => void
  /** A tool of the catalogue was used; `host` and `path` where the catalogue has the host and not the path. */
  readonly tool: (seen: SeenTool) => void
}

interface SeenAt {
  readonly host: string
  /** Address of the client. */
  readonly client: string
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface SeenRequest extends SeenAt {
  readonly sighting: Sighting
  /** It says itself that it is a browser, a package manager or the like: no tool. */
  readonly isOther: boolean
  /** The tool that marks itself there. */
  readonly tool: ToolId | null
}

export interface SeenTunnel extends SeenAt {
  readonly durationMs: number
}

export interface SeenTool {
  readonly tool: ToolId
  readonly client: string
  readonly host?: string
  readonly path?: string
}

export interface FlowPorts {
  readonly snapshots: SnapshotSource
  readonly audit: AuditPort
  readonly inspect: InspectPort
  readonly clock: Clock
  readonly newId: () => string
  readonly limits: Pick<Limits, 'decodedRatio'>
  readonly metrics: Metrics
  readonly log: Logger
  /** Bounds what is decoded at once. Absent: nothing does. */
  readonly decoding?: DecodingRoom
  /** Where values are kept that may be put back. Absent: redaction is one-way. */
  readonly restore?: RestoreStore
  /** Remembers what was blocked. Absent: a history that was blocked once is blocked for ever. */
  readonly recovery?: RecoveryPorts
  /** Absent: nothing is counted. */
  readonly discovery?: DiscoveryPort
  /** Absent: nothing is ever sealed. */
  readonly seal?: SealPort
  /** Cuts work on large bodies into turns of the event loop. Absent: all of it at once. */
  readonly turns?: WorkTurns
}
