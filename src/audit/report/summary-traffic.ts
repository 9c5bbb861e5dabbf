/** The sections on what was sent: tools, people, findings, blocks, failures, coverage. */
import { COVERAGES, type CoverageRow } from './coverage.ts'
import { type DamagedFile, shownRange } from './damaged-files.ts'
import type { Block } from './document.ts'
import { groupDigits } from './html.ts'
import { K_FLOOR, LIST_LIMIT, type Statistics } from './statistics.ts'
import type { SummaryInput } from './summary-input.ts'
import { barsOf, code, counted, number, requestsOf, section, TOP, text, warning } from './summary-parts.ts'
import { filled } from './summary-texts.ts'
import type { SummaryTexts } from './summary-texts-en.ts'

export function glance({ statistics: s, ...input }: SummaryInput, t: SummaryTexts): Block[] {
  const { total } = s.coverage
  const seen = total.total === 0 ? '–' : `${Math.round((100 * (total.read + total.blocked)) / total.total)} %`
  const count = (value: number): string => groupDigits(value)
  const failed = s.failures.reduce((sum, { requests }) => sum + requests, 0)
  const persons = s.people.kind === 'withheld' ? `< ${K_FLOOR}` : count(s.people.total)
  const found = s.severities.high + s.severities.medium + s.severities.low
  const f = t.facts
  return [
    section('glance', t),
    {
      kind: 'figures',
      items: [
        { value: count(s.requests), label: t.figures.requests },
        { value: count(s.actions.block), label: t.figures.blocked },
        { value: count(s.actions.redact), label: t.figures.redacted },
        { value: count(found), label: t.figures.findings },
        { value: persons, label: t.figures.people },
        { value: count(s.tools.filter(({ name }) => name !== '-').length), label: t.figures.tools },
        { value: seen, label: t.figures.read },
        { value: count(failed), label: t.figures.failures },
      ],
    },
    {
      kind: 'facts',
      rows: [
        [f.range, `${input.from} – ${input.to}`],
        [f.first, `${s.first ?? '–'} – ${s.last ?? '–'}`],
        [f.filter, input.filter ?? f.noFilter],
        [f.privacy, t.privacy[input.privacy]],
        [f.records, count(input.records)],
        [f.revisions, count(s.policyRevisions.length)],
        [f.version, `Weir ${input.version}`],
        [f.signed, input.signer === null ? f.unsigned : filled(f.signedBy, { key: input.signer })],
      ],
    },
    ...notes(s, input.damaged, t),
  ]
}

function notes(s: Statistics, damaged: readonly DamagedFile[], t: SummaryTexts): Block[] {
  const notEnforced = s.would.redact + s.would.block
  return [
    ...damagedWarning(damaged, t),
    ...(notEnforced > 0 ? [warning(filled(t.texts.observed, { count: groupDigits(notEnforced) }))] : []),
    ...(s.beyond > 0 ? [warning(filled(t.texts.beyond, { count: groupDigits(s.beyond) }))] : []),
  ]
}

/** Said first of all, and again where coverage is told: every number of the pack is too small by what they held. */
const damagedWarning = (damaged: readonly DamagedFile[], t: SummaryTexts): Block[] =>
  damaged.length === 0 ? [] : [warning(filled(t.texts.damaged, { count: damaged.length, files: namesOf(damaged) }))]

/** More of them stand in the table only. */
const MOST_NAMES = 5

const namesOf = (damaged: readonly DamagedFile[]): string =>
  damaged
    .slice(0, MOST_NAMES)
    .map(({ file }) => file)
    .join(', ') + (damaged.length > MOST_NAMES ? ' …' : '')

export function tools(s: Statistics, t: SummaryTexts): Block[] {
  const c = t.columns
  const top = s.tools.slice(0, TOP)
  const models = s.models.slice(0, TOP)
  return [
    section('tools', t),
    {
      kind: 'table',
      caption: t.captions.tools,
      columns: [code(c.tool), number(c.requests), number(c.blocked), number(c.redacted), number(c.findings)],
      rows: top.map((row) => [row.name, row.requests, row.blocked, row.redacted, row.findings]),
      bars: barsOf(top.map(({ requests }) => requests)),
      empty: t.texts.none,
    },
    {
      kind: 'table',
      caption: t.captions.models,
      columns: [code(c.model), number(c.requests), number(c.tokensIn), number(c.tokensOut)],
      rows: models.map((row) => [row.name, row.requests, row.tokensIn, row.tokensOut]),
      bars: barsOf(models.map(({ requests }) => requests)),
      empty: t.texts.none,
    },
  ]
}

export function people({ people: seen }: Statistics, t: SummaryTexts): Block[] {
  const c = t.columns
  if (seen.kind === 'withheld')
    return [section('people', t), text(filled(t.texts.peopleWithheld, { floor: K_FLOOR }), true)]
  if (seen.kind === 'counted')
    return [section('people', t), text(filled(t.texts.peopleCounted, { count: groupDigits(seen.total) }), true)]
  const top = seen.rows.slice(0, TOP)
  return [
    section('people', t),
    text(filled(t.texts.peopleTotal, { count: groupDigits(seen.total) })),
    {
      kind: 'table',
      caption: t.captions.people,
      columns: [{ title: c.person, width: 1.6 }, number(c.requests), number(c.blocked), number(c.redacted)],
      rows: top.map((row) => [row.name, row.requests, row.blocked, row.redacted]),
      bars: barsOf(top.map(({ requests }) => requests)),
      empty: t.texts.none,
    },
  ]
}

export function findings(s: Statistics, t: SummaryTexts): Block[] {
  const c = t.columns
  const top = s.findings.slice(0, TOP)
  return [
    section('findings', t),
    text(filled(t.texts.severities, { ...s.severities })),
    {
      kind: 'table',
      caption: t.captions.findings,
      columns: [code(c.detector), number(c.high), number(c.medium), number(c.low), number(c.total)],
      rows: top.map((row) => [row.name, row.high, row.medium, row.low, row.total]),
      bars: barsOf(top.map(({ total }) => total)),
      empty: t.texts.none,
    },
  ]
}

export const blocked = (s: Statistics, t: SummaryTexts): Block[] => [
  section('blocked', t),
  counted(t.captions.reasons, t.columns.reason, requestsOf(s.blockedReasons), t),
]

export function failures({ statistics: s, gaps, gapCount, damaged }: SummaryInput, t: SummaryTexts): Block[] {
  const c = t.columns
  return [
    section('failures', t),
    counted(t.captions.failures, c.error, requestsOf(s.failures), t),
    ...(s.unfinished > 0 ? [text(filled(t.texts.unfinished, { count: groupDigits(s.unfinished) }))] : []),
    ...gapWords(gapCount, damaged, t),
    ...(gapCount === 0
      ? []
      : [
          {
            kind: 'table',
            caption: t.captions.gaps,
            columns: [code(c.stream), number(c.after), number(c.before)],
            rows: gaps.slice(0, TOP).map(({ stream, after, before }) => [stream, after, before]),
            empty: t.texts.none,
          } as const,
        ]),
    ...damagedTable(damaged, t),
  ]
}

/** Behind a file that cannot be read nobody knows whether the numbers follow on each other. */
function gapWords(gapCount: number, damaged: readonly DamagedFile[], t: SummaryTexts): Block[] {
  if (gapCount > 0) return [warning(filled(t.texts.gaps, { count: groupDigits(gapCount) }))]
  return damaged.some(({ missing }) => missing === 'records') ? [] : [text(t.texts.noGaps)]
}

function damagedTable(damaged: readonly DamagedFile[], t: SummaryTexts): Block[] {
  const c = t.columns
  if (damaged.length === 0) return []
  return [
    {
      kind: 'table',
      caption: t.captions.damaged,
      columns: [code(c.file, 2), code(c.stream, 0.8), code(c.numbers, 1.1), { title: c.missing }, { title: c.reason }],
      rows: damaged
        .slice(0, LIST_LIMIT)
        .map((each) => [each.file, each.stream, shownRange(each), t.missing[each.missing], each.why]),
      empty: t.texts.none,
    },
  ]
}

export function coverage(
  { statistics: { coverage: seen }, damaged }: Pick<SummaryInput, 'statistics' | 'damaged'>,
  t: SummaryTexts,
): Block[] {
  const c = t.columns
  const { total, tools: rows } = seen
  const share = (row: CoverageRow): string =>
    row.total === 0 ? '–' : `${Math.round((100 * (row.read + row.blocked)) / row.total)} %`
  return [
    section('coverage', t),
    text(t.texts.coverage),
    ...damagedWarning(damaged, t),
    ...(total.untrusting > 0 ? [warning(filled(t.texts.untrusting, { count: groupDigits(total.untrusting) }))] : []),
    {
      kind: 'table',
      caption: t.captions.coverage,
      columns: [{ title: c.kind, width: 2.2 }, number(c.count), number(c.share, 0.5)],
      rows: COVERAGES.map((kind) => [
        t.coverage[kind],
        total[kind],
        total.total === 0 ? '–' : `${((100 * total[kind]) / total.total).toFixed(1)} %`,
      ]),
      bars: COVERAGES.map((kind) => (total.total === 0 ? 0 : total[kind] / total.total)),
      empty: t.texts.none,
    },
    {
      kind: 'table',
      caption: t.captions.coverageTools,
      columns: [code(c.tool, 1.5), ...COVERAGES.map((kind) => number(t.coverage[kind], 0.9)), number(c.share, 0.6)],
      rows: rows.slice(0, TOP).map((row) => [row.name, ...COVERAGES.map((kind) => row[kind]), share(row)]),
      empty: t.texts.none,
    },
    counted(t.captions.unread, c.reason, requestsOf(seen.unreadReasons), t),
    counted(
      t.captions.tunnels,
      c.reason,
      seen.tunnelReasons.map(({ name, tunnels }) => ({ name, count: tunnels })),
      t,
    ),
    counted(
      t.captions.alerts,
      c.reason,
      seen.alerts.map(({ name, clients }) => ({ name, count: clients })),
      t,
    ),
  ]
}

export const unlisted = (s: Statistics, t: SummaryTexts): Block[] => [
  section('unlisted', t),
  counted(t.captions.unlisted, t.columns.host, requestsOf(s.unlisted), t),
]
