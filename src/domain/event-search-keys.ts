/** The keys of the event search: what an auditor may ask for, and which values a key takes. */
import { ACTIONS } from './action.ts'
import { ERROR_SIDES, EVENT_PHASES } from './audit-event.ts'
import { ASSURANCES } from './client.ts'
import { SEVERITIES } from './finding.ts'
import { TIERS } from './tier.ts'
import { PURPOSES } from './tool.ts'

export type KeyKind =
  /** Text without regard to case; `*` stands for anything. */
  | 'text'
  /** A number or a range of them. */
  | 'number'
  /** An instant. */
  | 'time'
  /** A ULID, exact. */
  | 'id'

export interface SearchKey {
  readonly kind: KeyKind
  /** For people; docs/audit.md repeats it. */
  readonly about: string
  /** The only values there are; absent: any. */
  readonly choices?: readonly string[]
}

const text = (about: string, choices?: readonly string[]): SearchKey =>
  choices === undefined ? { kind: 'text', about } : { kind: 'text', about, choices }
const number = (about: string): SearchKey => ({ kind: 'number', about })

export const SEARCH_KEYS = {
  tool: text('tool id of the catalogue'),
  toolVersion: text('version that the tool says it has'),
  via: text('the host’s own tool, when a mark of another tool decided'),
  tier: text('risk tier that counted', TIERS),
  action: text('what was done', ACTIONS),
  would: text('what enforcement would have done', ACTIONS),
  mode: text('`enforce` or `observe`', ['enforce', 'observe']),
  phase: text('exchanges that have a record of this phase', EVENT_PHASES),
  purpose: text('what the request was for', PURPOSES),
  dialect: text('how the provider speaks'),
  assurance: text('how the user was learnt', ASSURANCES),
  user: text('user'),
  group: text('one of the user’s groups'),
  device: text('device'),
  addr: text('client address'),
  network: text('network of the address in the network map'),
  who: text('pseudonym'),
  client: text('user, device, address or pseudonym'),
  host: text('destination host'),
  port: number('destination port'),
  scheme: text('`http` or `https`'),
  method: text('HTTP method'),
  path: text('path without query'),
  status: number('HTTP status that the client got'),
  error: text('error code'),
  side: text('who the error is of', ERROR_SIDES),
  reason: text('stable code of the reason'),
  rule: text('the policy rule behind the decision'),
  exemption: text('exemption that made it milder'),
  policy: text('revision of the policy that decided'),
  finding: text('detector that marked something; `finding:*`: any'),
  severity: text('severity of a finding', SEVERITIES),
  findings: number('how many places were marked'),
  unread: text('why the body, or a part of it, was not read'),
  model: text('model named by request or response'),
  evidence: text('what the tool was known by'),
  tenant: text('tenant restriction that was set'),
  tokensIn: number('input tokens'),
  tokensOut: number('output tokens'),
  tokens: number('tokens in both directions'),
  bytesIn: number('bytes from the client'),
  bytesOut: number('bytes to the client'),
  bytes: number('bytes in both directions'),
  duration: number('milliseconds in all'),
  complete: text('did the exchange come to its proper end?', ['yes', 'no']),
  alert: text('how a client refused our certificate'),
  what: text('what was loaded (config events)'),
  actor: text('who did it (admin events)'),
  operation: text('what was done (admin events)'),
  target: text('to what (admin events)'),
  stream: text('writer of the records'),
  event: { kind: 'id', about: 'flow or record id; the one that a notice names' },
  flow: { kind: 'id', about: 'flow id' },
  parent: { kind: 'id', about: 'flow id of the connection that a message went over' },
  since: { kind: 'time', about: 'from this time on' },
  until: { kind: 'time', about: 'before this time' },
} as const satisfies Readonly<Record<string, SearchKey>>

export type SearchKeyName = keyof typeof SEARCH_KEYS

export const keyOf = (name: SearchKeyName): SearchKey => SEARCH_KEYS[name]

type NameOfKind<K extends KeyKind> = {
  [N in SearchKeyName]: K extends (typeof SEARCH_KEYS)[N]['kind'] ? N : never
}[SearchKeyName]
export type TextKey = NameOfKind<'text'>
export type NumberKey = NameOfKind<'number'>
export type IdKey = NameOfKind<'id'>

const NAMES = new Map(Object.keys(SEARCH_KEYS).map((name) => [name.toLowerCase(), name as SearchKeyName]))

/** The key of this name, whatever its case. */
export const findKey = (name: string): SearchKeyName | undefined => NAMES.get(name.toLowerCase())

/** The name nearest to a misspelt one; `null`: none is near. */
export function nearName(text: string, names: readonly string[]): string | null {
  const wanted = text.toLowerCase().slice(0, 40)
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const name of names) {
    const known = name.toLowerCase()
    const distance = wanted.length > 1 && known.startsWith(wanted) ? 1 : editDistance(wanted, known)
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    before = row
  }
  return before[b.length] ?? 0
}
