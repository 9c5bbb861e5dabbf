/** The columns of the store: what is kept of each exchange so that it can be filtered and counted without its records. */
import type { PersonFields } from './person.ts'

/** A record, or the exchange made of several, as far as columns look at it. */
export interface ColumnSource {
  readonly stream?: string
  readonly phase?: string
  readonly who?: string
  readonly parent?: string
  readonly assurance?: string
  readonly client?: PersonFields | null
  readonly destination?: { readonly host?: string; readonly port?: number; readonly scheme?: string }
  readonly tool?: string | null
  readonly toolVersion?: string | null
  readonly via?: string | null
  readonly purpose?: string
  readonly dialect?: string
  readonly evidence?: readonly string[]
  readonly tier?: string | null
  readonly action?: string
  readonly would?: string | null
  readonly mode?: string
  readonly reason?: string
  readonly rule?: string | null
  readonly exemption?: string | null
  readonly policyRevision?: string
  readonly method?: string
  readonly path?: string
  readonly bytesIn?: number | null
  readonly bytesOut?: number
  readonly findings?: readonly { readonly detector: string; readonly severity: string; readonly count: number }[]
  readonly unread?: string | null
  readonly tenants?: readonly string[]
  readonly status?: number | null
  readonly model?: string | null
  readonly tokens?: { readonly in: number | null; readonly out: number | null } | null
  readonly timings?: { readonly totalMs: number }
  readonly durationMs?: number
  readonly error?: { readonly code: string; readonly side: string } | null
  readonly complete?: boolean
  readonly alert?: string
  readonly what?: string
  readonly from?: string | null
  readonly to?: string | null
  readonly by?: string
  readonly actor?: string
  readonly operation?: string
  readonly target?: string
  readonly before?: unknown
  readonly after?: unknown
}

interface Common {
  readonly name: string
  /** Free words are looked for in it. */
  readonly hasWords: boolean
}

export interface TextColumn extends Common {
  readonly kind: 'text'
  readonly of: (source: ColumnSource) => string | null | undefined
}

/** Several texts; kept as one, joined by `LIST_SEPARATOR`. */
export interface ListColumn extends Common {
  readonly kind: 'list'
  readonly of: (source: ColumnSource) => readonly string[] | undefined
}

export interface NumberColumn extends Common {
  readonly kind: 'number'
  readonly of: (source: ColumnSource) => number | null | undefined
}

export type Column = TextColumn | ListColumn | NumberColumn

export const LIST_SEPARATOR = '\n'

const silent = (name: string, of: TextColumn['of']): TextColumn => ({ kind: 'text', name, hasWords: false, of })
const text = (name: string, of: TextColumn['of']): TextColumn => ({ kind: 'text', name, hasWords: true, of })
const list = (name: string, of: ListColumn['of']): ListColumn => ({ kind: 'list', name, hasWords: true, of })
const number = (name: string, of: NumberColumn['of']): NumberColumn => ({ kind: 'number', name, hasWords: false, of })

const unique = (all: readonly string[] | undefined): readonly string[] | undefined =>
  all === undefined || all.length < 2 ? all : [...new Set(all)].sort()

/** An intent alone is incomplete; events that are no exchange say nothing. */
const complete = ({ complete: is, phase }: ColumnSource): string | undefined => {
  if (is === undefined) return phase === 'intent' ? 'no' : undefined
  return is ? 'yes' : 'no'
}

/** What admin and config events say beside their names. */
const detail = ({ before, after, from, to, by }: ColumnSource): string | undefined => {
  const said = [before, after, from, to, by].filter((value) => value !== undefined && value !== null)
  return said.length === 0 ? undefined : said.map((value) => JSON.stringify(value)).join(' ')
}

/** Columns that name a person: they are emptied when a person is forgotten. */
export const PERSON_COLUMNS = ['user', 'group', 'device', 'addr', 'network'] as const

/** Their order is part of the store's format: SCHEMA_VERSION in store-schema.ts goes up when it changes. */
export const COLUMNS: readonly Column[] = [
  silent('stream', ({ stream }) => stream),
  list('phase', ({ phase }) => (phase === undefined ? undefined : [phase])),
  text('tool', ({ tool }) => tool),
  text('toolVersion', ({ toolVersion }) => toolVersion),
  text('via', ({ via }) => via),
  text('tier', ({ tier }) => tier),
  text('action', ({ action }) => action),
  text('would', ({ would }) => would),
  silent('mode', ({ mode }) => mode),
  text('purpose', ({ purpose }) => purpose),
  text('dialect', ({ dialect }) => dialect),
  silent('assurance', ({ assurance }) => assurance),
  text('user', ({ client }) => client?.user),
  list('group', ({ client }) => unique(client?.groups)),
  text('device', ({ client }) => client?.device),
  text('addr', ({ client }) => client?.addr),
  text('network', ({ client }) => client?.network),
  silent('who', ({ who }) => who),
  text('host', ({ destination }) => destination?.host),
  number('port', ({ destination }) => destination?.port),
  silent('scheme', ({ destination }) => destination?.scheme),
  text('method', ({ method }) => method),
  text('path', ({ path }) => path),
  number('status', ({ status }) => status),
  text('error', ({ error }) => error?.code),
  silent('side', ({ error }) => error?.side),
  text('reason', ({ reason }) => reason),
  text('rule', ({ rule }) => rule),
  silent('exemption', ({ exemption }) => exemption),
  silent('policy', ({ policyRevision }) => policyRevision),
  list('finding', ({ findings }) => unique(findings?.map(({ detector }) => detector))),
  list('severity', ({ findings }) => unique(findings?.map(({ severity }) => severity))),
  number('findings', ({ findings }) => findings?.reduce((sum, { count }) => sum + count, 0) || undefined),
  text('unread', ({ unread }) => unread),
  text('model', ({ model }) => model),
  list('evidence', ({ evidence }) => unique(evidence)),
  list('tenant', ({ tenants }) => unique(tenants)),
  number('tokensIn', ({ tokens }) => tokens?.in),
  number('tokensOut', ({ tokens }) => tokens?.out),
  number('bytesIn', ({ bytesIn }) => bytesIn),
  number('bytesOut', ({ bytesOut }) => bytesOut),
  number('duration', ({ timings, durationMs }) => roundedMs(timings?.totalMs ?? durationMs)),
  silent('complete', complete),
  text('alert', ({ alert }) => alert),
  text('what', ({ what }) => what),
  text('actor', ({ actor }) => actor),
  text('operation', ({ operation }) => operation),
  text('target', ({ target }) => target),
  text('detail', detail),
  number('parent', ({ parent }) => (parent === undefined ? undefined : idNumber(parent))),
]

const roundedMs = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.round(ms))

/** A number of 52 bits that stands for an id: two ids of Weir's own never share one in practice. */
export function idNumber(id: string): number {
  let [high, low] = [0x811c, 0x9dc5]
  for (let i = 0; i < id.length; i++) {
    low = Math.imul(low ^ id.charCodeAt(i), 0x01000193) >>> 0
    high = Math.imul(high ^ id.charCodeAt(i) ^ (low >>> 13), 0x85ebca6b) >>> 0
  }
  return (high & 0xfffff) * 0x1_0000_0000 + low
}

const BY_NAME = new Map(COLUMNS.map((column, index) => [column.name, index]))

/** Index of a column in `COLUMNS`. Throws for a name that is none: a mistake in the code. */
export function columnIndex(name: string): number {
  const index = BY_NAME.get(name)
  if (index === undefined) throw new Error(`audit: no column \`${name}\``)
  return index
}
