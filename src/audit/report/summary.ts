/** Builds the summary's blocks of the statistics, in one language. Pure: the same numbers give the same document. */
import { ACTIONS } from '../../domain/action.ts'
import { TIERS } from '../../domain/tier.ts'
import { CONTROLS } from './controls.ts'
import { COVERAGES, type CoverageRow } from './coverage.ts'
import { dayChart, legendBox } from './day-chart.ts'
import type { Block, SummaryDocument, TableColumn } from './document.ts'
import { escapeHtml, groupDigits } from './html.ts'
import type { PolicyIndex } from './policy-files.ts'
import { type Day, type Deed, K_FLOOR, LIST_LIMIT, type PrivacyMode, type Statistics } from './statistics.ts'
import { filled, type Language, SUMMARY_TEXTS } from './summary-texts.ts'
import type { SummaryTexts } from './summary-texts-en.ts'
import { type Bucket, bucketsOf, sumOf } from './time-buckets.ts'
import type { TrailGap } from './trail-records.ts'

/** What the pack says of its proofs. */
export type ProofState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'tree'
      readonly signer: string
      /** Leaves under the checkpoint. */
      readonly size: number
      /** Records of the pack that it covers, and that are newer. */
      readonly covered: number
      readonly newer: number
    }

export interface SummaryInput {
  readonly statistics: Statistics
  readonly policies: PolicyIndex
  readonly gaps: readonly TrailGap[]
  readonly gapCount: number
  readonly proof: ProofState
  readonly company: string
  readonly privacy: PrivacyMode
  readonly records: number
  /** RFC 3339. */
  readonly from: string
  readonly to: string
  readonly made: string
  readonly filter: string | null
  readonly version: string
  /** Name of the signing key; `null`: unsigned. */
  readonly signer: string | null
}

const TOP = 25

export function buildSummary(input: SummaryInput, language: Language): SummaryDocument {
  const t = SUMMARY_TEXTS[language]
  const { company, from, to, version, made } = input
  const [shownFrom, shownTo] = [shortTime(from), shortTime(to)]
  return {
    language,
    title: t.title,
    subtitle: filled(t.subtitle, { company, from: shownFrom, to: shownTo }),
    footer: filled(t.footer, { version, made }),
    blocks: [
      ...glance(input, t),
      ...overTime(input.statistics.days, t, language),
      ...tools(input.statistics, t),
      ...people(input.statistics, t),
      ...findings(input.statistics, t),
      ...blocked(input.statistics, t),
      ...failures(input, t),
      ...coverage(input.statistics, t),
      ...unlisted(input.statistics, t),
      ...policy(input, t),
      ...exceptions(input.statistics, t),
      ...administration(input.statistics, t),
      ...proof(input, t),
      ...controls(t, language),
      ...checking(t),
    ],
  }
}

const shortTime = (time: string): string => time.replace(/:\d{2}(?:\.\d+)?Z$/u, '').replace('T', ' ')

const section = (id: keyof SummaryTexts['sections'], t: SummaryTexts): Block => ({
  kind: 'section',
  id,
  title: t.sections[id],
})
const text = (words: string, isNote = false): Block => ({ kind: 'text', text: words, isNote })
const number = (title: string, width = 0.6): TableColumn => ({ title, isNumber: true, width })
const code = (title: string, width = 1.6): TableColumn => ({ title, isCode: true, width })

/** Bars against the largest. */
const barsOf = (values: readonly number[]): number[] => {
  const peak = Math.max(1, ...values)
  return values.map((value) => value / peak)
}

function glance({ statistics: s, ...input }: SummaryInput, t: SummaryTexts): Block[] {
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
    ...notes(s, t),
  ]
}

function notes(s: Statistics, t: SummaryTexts): Block[] {
  const notEnforced = s.would.redact + s.would.block
  return [
    ...(notEnforced > 0 ? [warning(filled(t.texts.observed, { count: groupDigits(notEnforced) }))] : []),
    ...(s.beyond > 0 ? [warning(filled(t.texts.beyond, { count: groupDigits(s.beyond) }))] : []),
  ]
}

const warning = (words: string): Block => ({ kind: 'warning', text: words })

interface Series {
  readonly id: 'actions' | 'tiers'
  readonly keys: readonly string[]
  readonly labels: readonly string[]
  readonly pick: (day: Day) => Readonly<Record<string, number>>
}

function overTime(days: readonly Day[], t: SummaryTexts, language: Language): Block[] {
  const { unit, buckets } = bucketsOf(days)
  if (buckets.length === 0) return [section('time', t), text(t.texts.none, true)]
  const series: Series[] = [
    { id: 'actions', keys: ACTIONS, labels: ACTIONS.map((key) => t.actions[key]), pick: ({ actions }) => actions },
    { id: 'tiers', keys: TIERS, labels: TIERS.map((key) => t.tiers[key]), pick: ({ tiers }) => tiers },
  ]
  return [
    section('time', t),
    ...series.flatMap((each) => {
      const title = filled(t.chart[each.id], { unit: t.units[unit] })
      return [chartOf(each, { title, buckets, t, language }), numbersOf(each, { title, buckets, t })]
    }),
  ]
}

interface Charted {
  readonly title: string
  readonly buckets: readonly Bucket[]
  readonly t: SummaryTexts
}

function chartOf(series: Series, { title, buckets, t, language }: Charted & { readonly language: Language }): Block {
  const { keys, labels, pick } = series
  const columns = buckets.map(({ label, days }) => ({ label, parts: keys.map((key) => sumOf(days, pick, key)) }))
  const peak = Math.max(...columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0)))
  const totals = keys.map((key, index) => {
    const total = buckets.reduce((sum, { days }) => sum + sumOf(days, pick, key), 0)
    return `${labels[index] ?? key}: ${total}`
  })
  const desc = filled(t.chart.desc, {
    columns: columns.length,
    from: buckets[0]?.from ?? '',
    to: buckets.at(-1)?.from ?? '',
    peak,
    parts: totals.join(', '),
  })
  const id = `${series.id}-${language === 'en' ? 'en' : 'zh'}`
  return {
    kind: 'chart',
    title,
    drawing: dayChart(columns, { title: escapeHtml(title), desc: escapeHtml(desc), id }),
    legend: labels.map((label, index) => ({ label, box: legendBox(index, id) })),
  }
}

const numbersOf = ({ keys, labels, pick }: Series, { title, buckets, t }: Charted): Block => ({
  kind: 'table',
  caption: filled(t.chart.numbers, { title }),
  columns: [{ title: t.columns.from }, ...labels.map((label) => number(label)), number(t.columns.total)],
  rows: buckets.map(({ from, days }) => {
    const counts = keys.map((key) => sumOf(days, pick, key))
    return [from, ...counts, counts.reduce((sum, count) => sum + count, 0)]
  }),
  empty: t.texts.none,
  isAppendix: true,
})

function tools(s: Statistics, t: SummaryTexts): Block[] {
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

function people({ people: seen }: Statistics, t: SummaryTexts): Block[] {
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

function findings(s: Statistics, t: SummaryTexts): Block[] {
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

const counted = (
  caption: string,
  title: string,
  rows: readonly { readonly name: string; readonly count: number }[],
  t: SummaryTexts,
): Block => ({
  kind: 'table',
  caption,
  columns: [code(title), number(t.columns.count)],
  rows: rows.slice(0, TOP).map(({ name, count }) => [name, count]),
  bars: barsOf(rows.slice(0, TOP).map(({ count }) => count)),
  empty: t.texts.none,
})

const requestsOf = (rows: readonly { readonly name: string; readonly requests: number }[]) =>
  rows.map(({ name, requests }) => ({ name, count: requests }))

const blocked = (s: Statistics, t: SummaryTexts): Block[] => [
  section('blocked', t),
  counted(t.captions.reasons, t.columns.reason, requestsOf(s.blockedReasons), t),
]

function failures({ statistics: s, gaps, gapCount }: SummaryInput, t: SummaryTexts): Block[] {
  const c = t.columns
  return [
    section('failures', t),
    counted(t.captions.failures, c.error, requestsOf(s.failures), t),
    ...(s.unfinished > 0 ? [text(filled(t.texts.unfinished, { count: groupDigits(s.unfinished) }))] : []),
    gapCount === 0 ? text(t.texts.noGaps) : warning(filled(t.texts.gaps, { count: groupDigits(gapCount) })),
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
  ]
}

function coverage({ coverage: seen }: Statistics, t: SummaryTexts): Block[] {
  const c = t.columns
  const { total, tools: rows } = seen
  const share = (row: CoverageRow): string =>
    row.total === 0 ? '–' : `${Math.round((100 * (row.read + row.blocked)) / row.total)} %`
  return [
    section('coverage', t),
    text(t.texts.coverage),
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

const unlisted = (s: Statistics, t: SummaryTexts): Block[] => [
  section('unlisted', t),
  counted(t.captions.unlisted, t.columns.host, requestsOf(s.unlisted), t),
]

function policy({ policies, statistics: s }: SummaryInput, t: SummaryTexts): Block[] {
  const c = t.columns
  const missing = policies.revisions.filter(({ kept }) => kept === 'no').length
  const state = { yes: t.texts.kept, no: t.texts.notKept, redacted: t.texts.keptPartly }
  return [
    section('policy', t),
    text(t.texts.policy),
    ...(missing > 0 ? [warning(filled(t.texts.missing, { count: missing }))] : []),
    {
      kind: 'table',
      caption: t.captions.revisions,
      columns: [
        { title: c.part, width: 0.7 },
        code(c.revision, 2.6),
        { title: c.since, width: 1.3 },
        { title: c.kept, width: 0.7 },
      ],
      rows: policies.revisions
        .slice(0, LIST_LIMIT)
        .map(({ part, revision, since, kept }) => [
          part,
          revision,
          since === null ? '–' : shortTime(since),
          state[kept],
        ]),
      empty: t.texts.none,
    },
    deeds(t.captions.config, s.config, t),
  ]
}

const deeds = (caption: string, rows: readonly Deed[], t: SummaryTexts): Block => ({
  kind: 'table',
  caption,
  columns: [
    { title: t.columns.time, width: 1.1 },
    code(t.columns.what, 1.1),
    { title: t.columns.by, width: 0.9 },
    code(t.columns.target, 1.5),
    code(t.columns.detail, 1.6),
  ],
  rows: rows.slice(0, 100).map(({ time, what, by, target, detail }) => [shortTime(time), what, by, target, detail]),
  empty: t.texts.none,
})

const GRANT = /^(?:exemption|allow|feedback)\./u
/** What touches persons, sealed texts and how long records are kept. */
const PRIVACY = /eras|forget|retention|hold|unseal|seal|identif|privacy/u

const exceptions = (s: Statistics, t: SummaryTexts): Block[] => [
  section('exceptions', t),
  counted(t.captions.exemptions, t.columns.exemption, requestsOf(s.exemptions), t),
  deeds(
    t.captions.grants,
    s.admin.filter(({ what }) => GRANT.test(what)),
    t,
  ),
]

const administration = (s: Statistics, t: SummaryTexts): Block[] => [
  section('admin', t),
  counted(
    t.captions.operations,
    t.columns.operation,
    s.adminCounts.map(({ name, events }) => ({ name, count: events })),
    t,
  ),
  deeds(
    t.captions.privacy,
    s.admin.filter(({ what }) => PRIVACY.test(what)),
    t,
  ),
  deeds(t.captions.admin, s.admin, t),
  text(filled(t.texts.first, { limit: 100 }), true),
]

function proof({ proof: state }: SummaryInput, t: SummaryTexts): Block[] {
  if (state.kind === 'none') return [section('proof', t), warning(t.texts.proofNone)]
  const { covered, newer, size, signer } = state
  return [
    section('proof', t),
    text(filled(t.texts.proof, { records: groupDigits(covered), size: groupDigits(size), key: signer })),
    ...(newer > 0 ? [warning(filled(t.texts.proofPartly, { count: groupDigits(newer) }))] : []),
  ]
}

function controls(t: SummaryTexts, language: Language): Block[] {
  const c = t.columns
  const frameworks = [...new Set(CONTROLS.map(({ framework }) => framework))]
  return [
    section('controls', t),
    text(t.texts.controls),
    ...frameworks.map(
      (framework): Block => ({
        kind: 'table',
        caption: filled(t.captions.controls, { framework }),
        columns: [
          { title: c.control, width: 0.7 },
          { title: c.says, width: 1.5 },
          { title: c.evidence, width: 1.6 },
          code(c.query, 1),
          { title: c.source, width: 1.8 },
        ],
        rows: CONTROLS.filter((control) => control.framework === framework).map((control) => [
          control.id,
          control.says[language],
          control.evidence[language],
          control.query,
          control.source,
        ]),
        empty: t.texts.none,
      }),
    ),
  ]
}

const checking = (t: SummaryTexts): Block[] => [
  section('check', t),
  text(t.texts.check),
  {
    kind: 'code',
    lines: ['unzip -d pack evidence.zip && cd pack', 'node verify/weir-verify.mjs --pack .', 'sha256sum -c SHA256SUMS'],
  },
]
