/** Builds the summary's blocks of the statistics, in one language. Pure: the same numbers give the same document. */
import { CONTROLS, type Control } from './controls.ts'
import type { Block, SummaryDocument } from './document.ts'
import { groupDigits } from './html.ts'
import { LIST_LIMIT, type Statistics } from './statistics.ts'
import type { SummaryInput } from './summary-input.ts'
import { code, counted, deeds, requestsOf, section, shortTime, text, warning } from './summary-parts.ts'
import { filled, type Language, SUMMARY_TEXTS } from './summary-texts.ts'
import type { SummaryTexts } from './summary-texts-en.ts'
import { overTime } from './summary-time.ts'
import { blocked, coverage, failures, findings, glance, people, tools, unlisted } from './summary-traffic.ts'

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
      ...coverage(input, t),
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
          { title: c.source, width: 0.9 },
          { title: c.read, width: 1.3 },
        ],
        rows: CONTROLS.filter((control) => control.framework === framework).map((control) => [
          control.id,
          control.says[language],
          control.evidence[language],
          control.query,
          control.source,
          shownPage(control, t),
        ]),
        empty: t.texts.none,
      }),
    ),
  ]
}

/** The page that our words were compared with, or that there is none. */
const shownPage = ({ read }: Control, t: SummaryTexts): string =>
  read === null ? t.texts.notChecked : `${read.address} (${read.on})`

const checking = (t: SummaryTexts): Block[] => [
  section('check', t),
  text(t.texts.check),
  {
    kind: 'code',
    lines: [
      'unzip -d pack evidence.zip && cd pack',
      'node verify/weir-verify-pack.mjs . --key KEY',
      'sha256sum -c SHA256SUMS',
    ],
  },
]
