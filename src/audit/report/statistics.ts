/** What the summary of an evidence pack counts: one pass over the exchanges of a range, pure and with bounded memory. */
import { ACTIONS, type Action } from '../../domain/action.ts'
import { TIERS, type Tier } from '../../domain/tier.ts'
import type { ExchangeRecord } from '../event-query.ts'
import { type Coverage, createCoverage } from './coverage.ts'
import { findingsOf, inner, numberOf, personOf, textOf } from './exchange-facts.ts'
import { type Row, Tally } from './tally.ts'

/** Fewer people than this are not told apart where privacy is asked for. */
export const K_FLOOR = 5
/** Rows of a list of the summary; the events themselves are in the pack. */
export const LIST_LIMIT = 500
const DAY_LENGTH = 'yyyy-mm-dd'.length

export type PrivacyMode = 'full' | 'pseudonymous' | 'aggregate'

/** One day (UTC) and what was counted on it. */
export interface Day {
  readonly day: string
  readonly actions: Readonly<Record<Action, number>>
  readonly tiers: Readonly<Record<Tier, number>>
}

export type People =
  | {
      readonly kind: 'named'
      readonly total: number
      readonly rows: readonly Row<'requests' | 'blocked' | 'redacted'>[]
    }
  /** Their number may be told, not who they are. */
  | { readonly kind: 'counted'; readonly total: number }
  /** Fewer than `K_FLOOR`. */
  | { readonly kind: 'withheld' }

/** One event of the control plane. */
export interface Deed {
  readonly time: string
  readonly what: string
  readonly by: string
  readonly target: string
  readonly detail: string
}

export interface Statistics {
  readonly first: string | null
  readonly last: string | null
  readonly requests: number
  readonly tunnels: number
  readonly actions: Readonly<Record<Action, number>>
  readonly tiers: Readonly<Record<Tier, number>>
  /** What enforcement would have done where policy only observed. */
  readonly would: Readonly<Record<Action, number>>
  readonly days: readonly Day[]
  readonly tools: readonly Row<'requests' | 'blocked' | 'redacted' | 'findings'>[]
  readonly hosts: readonly Row<'requests'>[]
  readonly models: readonly Row<'requests' | 'tokensIn' | 'tokensOut'>[]
  readonly people: People
  readonly findings: readonly Row<'high' | 'medium' | 'low' | 'total'>[]
  readonly severities: Readonly<Record<'high' | 'medium' | 'low', number>>
  readonly blockedReasons: readonly Row<'requests'>[]
  readonly failures: readonly Row<'requests'>[]
  /** Begun and without a recorded end. */
  readonly unfinished: number
  readonly unlisted: readonly Row<'requests'>[]
  readonly exemptions: readonly Row<'requests'>[]
  readonly policyRevisions: readonly Row<'requests'>[]
  readonly adminCounts: readonly Row<'events'>[]
  readonly admin: readonly Deed[]
  readonly config: readonly Deed[]
  readonly coverage: Coverage
  /** Names beyond the bound of a list, so that a cut list is not taken for a whole one. */
  readonly beyond: number
}

export interface Statistician {
  /** Exchanges, tunnels, config and admin records, merged, in any order. */
  readonly add: (exchange: ExchangeRecord) => void
  readonly result: () => Statistics
}

const zeros = <K extends string>(keys: readonly K[]): Record<K, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>

/** `privacy`: what may be told of people. */
export function createStatistics({ privacy }: { readonly privacy: PrivacyMode }): Statistician {
  const days = new Map<string, { actions: Record<Action, number>; tiers: Record<Tier, number> }>()
  const actions = zeros(ACTIONS)
  const would = zeros(ACTIONS)
  const tiers = zeros(TIERS)
  const severities = { high: 0, medium: 0, low: 0 }
  const tools = new Tally('requests', 'blocked', 'redacted', 'findings')
  const hosts = new Tally('requests')
  const models = new Tally('requests', 'tokensIn', 'tokensOut')
  const people = new Tally('requests', 'blocked', 'redacted')
  const findings = new Tally('high', 'medium', 'low', 'total')
  const blockedReasons = new Tally('requests')
  const failures = new Tally('requests')
  const unlisted = new Tally('requests')
  const exemptions = new Tally('requests')
  const policyRevisions = new Tally('requests')
  const adminCounts = new Tally('events')
  const admin: Deed[] = []
  const config: Deed[] = []
  const coverage = createCoverage()
  let first: string | null = null
  let last: string | null = null
  let requests = 0
  let tunnels = 0
  let unfinished = 0

  const addTraffic = (exchange: ExchangeRecord, weight: number): void => {
    const action = oneOf(ACTIONS, exchange['action'])
    const tier = oneOf(TIERS, exchange['tier'])
    const isBlocked = action === 'block' ? weight : 0
    const day = dayOf(days, textOf(exchange, 'time') ?? '')
    if (action !== null) {
      actions[action] += weight
      if (day !== null) day.actions[action] += weight
    }
    if (tier !== null) {
      tiers[tier] += weight
      if (day !== null) day.tiers[tier] += weight
    }
    const counts = { requests: weight, blocked: isBlocked, redacted: action === 'redact' ? weight : 0 }
    const marked = findingsOf(exchange)
    const total = marked.reduce((sum, { count }) => sum + count, 0)
    tools.add(textOf(exchange, 'tool') ?? '-', { ...counts, findings: total })
    const person = privacy === 'full' ? personOf(exchange) : textOf(exchange, 'who')
    if (person !== null) people.add(person, counts)
    const host = textOf(inner(exchange, 'destination'), 'host')
    if (host !== null) hosts.add(host, { requests: weight })
    if (host !== null && exchange['tool'] === 'unlisted') unlisted.add(host, { requests: weight })
    if (isBlocked > 0) blockedReasons.add(textOf(exchange, 'reason') ?? '-', { requests: weight })
    const revision = textOf(exchange, 'policyRevision')
    if (revision !== null) policyRevisions.add(revision, { requests: weight })
    const exemption = textOf(exchange, 'exemption')
    if (exemption !== null) exemptions.add(exemption, { requests: weight })
    const error = inner(exchange, 'error')
    const code = textOf(error, 'code')
    if (code !== null) failures.add(`${code} (${textOf(error, 'side') ?? '-'})`, { requests: weight })
    addFindings(marked)
  }

  const addFindings = (marked: ReturnType<typeof findingsOf>): void => {
    for (const { detector, severity, count } of marked) {
      const known = oneOf(['high', 'medium', 'low'] as const, severity)
      if (known === null) continue
      severities[known] += count
      findings.add(detector, { [known]: count, total: count })
    }
  }

  const addRequest = (exchange: ExchangeRecord): void => {
    requests++
    const observed = oneOf(ACTIONS, exchange['would'])
    if (observed !== null) would[observed]++
    if (exchange['complete'] === false && exchange['error'] === null) unfinished++
    const model = textOf(exchange, 'model')
    const tokens = inner(exchange, 'tokens')
    if (model !== null)
      models.add(model, { requests: 1, tokensIn: numberOf(tokens, 'in'), tokensOut: numberOf(tokens, 'out') })
    addTraffic(exchange, 1)
  }

  return {
    add: (exchange) => {
      const time = textOf(exchange, 'time')
      if (time !== null && (first === null || time < first)) first = time
      if (time !== null && (last === null || time > last)) last = time
      switch (exchange['phase']) {
        case 'admin':
          adminCounts.add(textOf(exchange, 'operation') ?? '-', { events: 1 })
          keep(admin, adminDeed(exchange))
          return
        case 'config':
          keep(config, configDeed(exchange))
          return
        case 'tunnel':
          tunnels += Math.max(1, numberOf(exchange, 'count'))
          addTraffic(exchange, Math.max(1, numberOf(exchange, 'count')))
          coverage.add(exchange)
          return
        case 'intent':
        case 'outcome':
          // An outcome without its intent: the exchange began before the range and is counted there.
          if (oneOf(ACTIONS, exchange['action']) === null) return
          addRequest(exchange)
          coverage.add(exchange)
      }
    },
    result: () => ({
      first,
      last,
      requests,
      tunnels,
      actions,
      tiers,
      would,
      days: [...days].map(([day, counts]) => ({ day, ...counts })).sort((a, b) => (a.day < b.day ? -1 : 1)),
      tools: tools.rows('requests', LIST_LIMIT),
      hosts: hosts.rows('requests', 50),
      models: models.rows('requests', 50),
      people: peopleOf(people, privacy),
      findings: findings.rows('total', LIST_LIMIT),
      severities,
      blockedReasons: blockedReasons.rows('requests', LIST_LIMIT),
      failures: failures.rows('requests', LIST_LIMIT),
      unfinished,
      unlisted: unlisted.rows('requests', LIST_LIMIT),
      exemptions: exemptions.rows('requests', LIST_LIMIT),
      policyRevisions: policyRevisions.rows('requests', LIST_LIMIT),
      adminCounts: adminCounts.rows('events', LIST_LIMIT),
      admin,
      config,
      coverage: coverage.result(),
      beyond: [tools, hosts, models, people, findings, unlisted].reduce((sum, { beyond }) => sum + beyond, 0),
    }),
  }
}

function peopleOf(people: Tally<'requests' | 'blocked' | 'redacted'>, privacy: PrivacyMode): People {
  const rows = people.rows('requests', 50)
  if (privacy === 'full') return { kind: 'named', total: people.size, rows }
  if (people.size < K_FLOOR) return { kind: 'withheld' }
  return privacy === 'aggregate' ? { kind: 'counted', total: people.size } : { kind: 'named', total: people.size, rows }
}

const oneOf = <K extends string>(keys: readonly K[], value: unknown): K | null =>
  keys.find((key) => key === value) ?? null

/** A hundred years of days: times come from files. */
const MAX_DAYS = 36_525

function dayOf(
  days: Map<string, { actions: Record<Action, number>; tiers: Record<Tier, number> }>,
  time: string,
): { actions: Record<Action, number>; tiers: Record<Tier, number> } | null {
  const day = time.slice(0, DAY_LENGTH)
  const known = days.get(day)
  if (known !== undefined) return known
  if (days.size >= MAX_DAYS) return null
  const made = { actions: zeros(ACTIONS), tiers: zeros(TIERS) }
  days.set(day, made)
  return made
}

/** The first of a long range are as good as the last: the summary says that the events hold all of them. */
function keep(list: Deed[], deed: Deed): void {
  if (list.length < LIST_LIMIT) list.push(deed)
}

const adminDeed = (record: ExchangeRecord): Deed => ({
  time: textOf(record, 'time') ?? '',
  what: textOf(record, 'operation') ?? '',
  by: textOf(record, 'actor') ?? '',
  target: textOf(record, 'target') ?? '',
  detail:
    record['after'] === null || record['after'] === undefined ? '' : JSON.stringify(record['after']).slice(0, 300),
})

const configDeed = (record: ExchangeRecord): Deed => ({
  time: textOf(record, 'time') ?? '',
  what: textOf(record, 'what') ?? '',
  by: textOf(record, 'by') ?? '',
  target: textOf(record, 'to') ?? textOf(record, 'from') ?? '',
  detail: record['ok'] === true ? 'in force' : `refused (${numberOf(record, 'problems')})`,
})
