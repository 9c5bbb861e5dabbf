/**
 * An audit event as text: the chained line (without persons) and the personal line beside it.
 * A chained line is canonical JSON (RFC 8785) by construction: keys in the order of their UTF-16 code units at every
 * level, text made inert before. So its bytes are the event, and hashing them needs no second form.
 * Every field is copied by name, so that nothing a caller adds by mistake (a body, a header) can reach the file.
 * INVARIANT: the keys below stand in code unit order; test/audit/event-line.test.ts compares with an RFC 8785 library.
 */
import { hash } from 'node:crypto'
import type {
  AdminEvent,
  AuditEvent,
  ConfigEvent,
  EventDestination,
  EventError,
  OutcomeFields,
} from '../domain/audit-event.ts'
import type { FindingCount } from '../domain/finding.ts'
import { canonicalText, inertJson } from './inert-json.ts'
import { cap, MAX_ITEMS } from './line-text.ts'
import type { Persons } from './personal-line.ts'

const MAX_PATH = 2048

/** A record ready to be chained: four pieces, and between them its place in the stream. */
export interface RenderedEvent {
  /** From `{` up to where `prevHash` stands. */
  readonly beforeHash: string
  /** Between `prevHash` and `seq`. */
  readonly beforeSeq: string
  /** Between `seq` and `stream`. */
  readonly beforeStream: string
  /** From there to `}`. */
  readonly end: string
  /** The personal line, newline included; `null` for events that no client caused. */
  readonly personal: string | null
  /** Characters of all of these together: what it takes in memory. */
  readonly chars: number
}

/** Where a record stands in its stream. */
export interface ChainPlace {
  readonly stream: string
  /** From 1, without gaps. */
  readonly seq: number
  /** Hex SHA-256 of the previous line of the stream. */
  readonly prevHash: string
}

/** Hex SHA-256 of a line's bytes, without its newline. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line, 'hex')

/** Turns events into the text that does not depend on their place in the chain. */
export function createEventRenderer(persons: Persons): (event: AuditEvent) => RenderedEvent {
  return (event) => {
    if (event.phase === 'config') return rendered(configPieces(event), null)
    if (event.phase === 'admin') return rendered(adminPieces(event), null)
    const person = persons(event.id, event.client)
    if (person === null) return rendered(clientPieces(event, {}), null)
    const who = { who: person.who, whoDigest: lineHash(person.line) }
    return rendered(clientPieces(event, who), `${person.line}\n`)
  }
}

/** The whole line, without its newline. */
export const chainedLine = (event: RenderedEvent, place: ChainPlace): string =>
  `${event.beforeHash},"prevHash":"${place.prevHash}"${event.beforeSeq},"seq":${place.seq}${event.beforeStream},"stream":"${place.stream}"${event.end}`

/** JSON objects, as text: the fields before `prevHash`, between it and `seq`, between that and `stream`, and behind it. */
type Pieces = readonly [string, string, string, string]

const EMPTY = '{}'

function rendered([first, second, third, last]: Pieces, personal: string | null): RenderedEvent {
  const beforeHash = first.slice(0, -1)
  const beforeSeq = second === EMPTY ? '' : `,${second.slice(1, -1)}`
  const beforeStream = third === EMPTY ? '' : `,${third.slice(1, -1)}`
  const end = `,${last.slice(1)}`
  const chars = beforeHash.length + beforeSeq.length + beforeStream.length + end.length + (personal?.length ?? 0)
  return { beforeHash, beforeSeq, beforeStream, end, personal, chars }
}

type ClientEvent = Exclude<AuditEvent, { phase: 'config' | 'admin' }>
type KeyOf<T> = T extends unknown ? keyof T : never
type ValueOf<T, K extends PropertyKey> = T extends { readonly [P in K]?: infer V } ? V : never
/** A field that some phase has; `undefined`, which JSON leaves out, in the others. */
type ClientFields = { readonly [K in KeyOf<ClientEvent>]?: ValueOf<ClientEvent, K> }

/** One shape for all phases: an object of always the same keys is the fastest to make and to write. */
function clientPieces(known: ClientEvent, { who, whoDigest }: { who?: string; whoDigest?: string }): Pieces {
  const event: ClientFields = known
  return [
    inertJson({
      action: event.action,
      alert: text(event.alert),
      assurance: known.client.assurance,
      bytesIn: event.bytesIn,
      bytesOut: event.bytesOut,
      bytesUnchanged: event.bytesUnchanged,
      close: event.close == null ? event.close : { by: event.close.by, code: event.close.code },
      complete: event.complete,
      confidence: event.confidence,
      ...(event.score === undefined ? {} : { score: event.score }),
      count: event.count,
      destination: event.destination === undefined ? undefined : destination(event.destination),
      dialect: event.dialect,
      durationMs: event.durationMs,
      error: event.error == null ? event.error : errorOf(event.error),
      evidence: texts(event.evidence),
      exemption: text(event.exemption),
      findings: event.findings === undefined ? undefined : findings(event.findings),
      flow: event.flow,
      id: event.id,
      messages: event.messages === undefined ? undefined : { in: event.messages.in, out: event.messages.out },
      method: text(event.method),
      mode: event.mode,
      model: text(event.model),
      parent: event.parent,
      path: event.path === undefined ? undefined : pathOnly(event.path),
      phase: event.phase,
      policyRevision: text(event.policyRevision),
    }),
    inertJson({
      purpose: event.purpose,
      reason: text(event.reason),
      restoreMisses: event.restoreMisses,
      restored: event.restored,
      rule: text(event.rule),
      sealed: event.sealed?.map(({ digest, part }) => ({ digest, part })),
    }),
    event.status === undefined ? EMPTY : `{"status":${JSON.stringify(event.status)}}`,
    inertJson({
      tenants: texts(event.tenants),
      tier: event.tier,
      time: event.time,
      timings: event.timings === undefined ? undefined : timings(event.timings),
      tokens: event.tokens == null ? event.tokens : { in: event.tokens.in, out: event.tokens.out },
      tool: text(event.tool),
      toolVersion: text(event.toolVersion),
      unread: event.unread,
      unrestored: event.unrestored,
      v: 1,
      via: text(event.via),
      who,
      whoDigest,
      would: event.would,
    }),
  ]
}

const configPieces = ({ by, flow, from, id, ok, phase, problems, time, to, what }: ConfigEvent): Pieces => [
  inertJson({ by, flow, from: text(from), id, ok, phase }),
  inertJson({ problems }),
  EMPTY,
  inertJson({ time, to: text(to), v: 1, what }),
]

function adminPieces({ actor, after, before, flow, id, operation, phase, target, time }: AdminEvent): Pieces {
  const values = `"after":${canonicalText(after)},"before":${canonicalText(before)}`
  const rest = inertJson({ flow, id, operation: cap(operation), phase })
  return [
    `{"actor":${inertJson(cap(actor))},${values},${rest.slice(1)}`,
    EMPTY,
    EMPTY,
    inertJson({ target: cap(target), time, v: 1 }),
  ]
}

const text = <T extends string | null | undefined>(value: T): T => (value == null ? value : (cap(value) as T))

const texts = (values: readonly string[] | undefined): string[] | undefined => values?.slice(0, MAX_ITEMS).map(cap)

const destination = (at: EventDestination): object => ({
  host: cap(at.host),
  http: text(at.http),
  port: at.port,
  scheme: at.scheme,
})

const findings = (counts: readonly FindingCount[]): object[] =>
  counts.slice(0, MAX_ITEMS).map(({ count, detector, field, severity }) => ({
    count,
    detector: cap(detector),
    field: cap(field),
    severity,
  }))

const errorOf = (error: EventError): EventError => ({ code: cap(error.code), side: error.side })

const timings = ({ decideMs, inspectMs, totalMs, upstreamMs }: OutcomeFields['timings']): OutcomeFields['timings'] => ({
  decideMs,
  inspectMs,
  totalMs,
  upstreamMs,
})

/** Whoever made the event left the query out; should that ever fail, it ends here. */
function pathOnly(path: string): string {
  const end = path.search(/[?#]/u)
  const bare = end === -1 ? path : path.slice(0, end)
  return bare.length <= MAX_PATH ? bare : `${bare.slice(0, MAX_PATH)}…`
}
