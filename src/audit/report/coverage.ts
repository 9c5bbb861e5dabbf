/** What share of AI traffic was read, and why the rest was not: told per tool, so that nothing hides in a total. */
import type { ExchangeRecord } from '../event-query.ts'
import { numberOf, textOf } from './exchange-facts.ts'
import { type Row, Tally } from './tally.ts'

/**
 * How a request or a tunnel was covered, strongest first. `read`: body inspected or measured. `blocked`: nothing left.
 * `head`: decided by its head, body unread because the tier allows it. `unread`: the body could not be read, or not
 * wholly. `tunnelled`: bytes, unread. `untrusting`: the client refused Weir's certificate. `refused`: a tunnel turned down.
 */
export const COVERAGES = ['read', 'blocked', 'head', 'unread', 'tunnelled', 'untrusting', 'refused'] as const
export type CoverageKind = (typeof COVERAGES)[number]

export type CoverageRow = Row<CoverageKind | 'total'>

export interface Coverage {
  readonly total: CoverageRow
  /** By tool, largest first; `-` where no tool is known. */
  readonly tools: readonly CoverageRow[]
  /** Why bodies were unread. */
  readonly unreadReasons: readonly Row<'requests'>[]
  /** Why tunnels were not read. */
  readonly tunnelReasons: readonly Row<'tunnels'>[]
  /** How clients refused the certificate. */
  readonly alerts: readonly Row<'clients'>[]
}

/** Exchanges and tunnels in, shares out. */
export function createCoverage(): {
  readonly add: (exchange: ExchangeRecord) => void
  readonly result: () => Coverage
} {
  const total = new Tally(...COVERAGES, 'total')
  const tools = new Tally(...COVERAGES, 'total')
  const unreadReasons = new Tally('requests')
  const tunnelReasons = new Tally('tunnels')
  const alerts = new Tally('clients')
  return {
    add: (exchange) => {
      const kind = coverageOf(exchange)
      const weight = exchange['phase'] === 'tunnel' ? Math.max(1, numberOf(exchange, 'count')) : 1
      const counts = { [kind]: weight, total: weight } as Partial<Record<CoverageKind | 'total', number>>
      total.add('all', counts)
      tools.add(textOf(exchange, 'tool') ?? '-', counts)
      if (kind === 'unread') unreadReasons.add(textOf(exchange, 'unread') ?? '-', { requests: 1 })
      if (kind === 'tunnelled' || kind === 'refused')
        tunnelReasons.add(textOf(exchange, 'reason') ?? '-', { tunnels: weight })
      if (kind === 'untrusting') alerts.add(textOf(exchange, 'alert') ?? '-', { clients: weight })
    },
    result: () => ({
      total: total.rows('total')[0] ?? NOTHING,
      tools: tools.rows('total', 200),
      unreadReasons: unreadReasons.rows('requests', 100),
      tunnelReasons: tunnelReasons.rows('tunnels', 100),
      alerts: alerts.rows('clients', 100),
    }),
  }
}

const NOTHING = {
  name: 'all',
  ...Object.fromEntries([...COVERAGES, 'total'].map((kind) => [kind, 0])),
} as CoverageRow

/** How one exchange or tunnel was covered. */
export function coverageOf(exchange: ExchangeRecord): CoverageKind {
  if (exchange['phase'] === 'tunnel') {
    if (exchange['reason'] === 'untrusting-client') return 'untrusting'
    return exchange['action'] === 'block' ? 'refused' : 'tunnelled'
  }
  if (exchange['action'] === 'block') return 'blocked'
  if (textOf(exchange, 'unread') !== null) return 'unread'
  return exchange['action'] === 'allow' ? 'head' : 'read'
}
