/** The section with the charts over time, and their numbers. */
import { ACTIONS } from '../../domain/action.ts'
import { TIERS } from '../../domain/tier.ts'
import { dayChart, legendBox } from './day-chart.ts'
import type { Block } from './document.ts'
import { escapeHtml } from './html.ts'
import type { Day } from './statistics.ts'
import { number, section, text } from './summary-parts.ts'
import { filled, type Language } from './summary-texts.ts'
import type { SummaryTexts } from './summary-texts-en.ts'
import { type Bucket, bucketsOf, sumOf } from './time-buckets.ts'

interface Series {
  readonly id: 'actions' | 'tiers'
  readonly keys: readonly string[]
  readonly labels: readonly string[]
  readonly pick: (day: Day) => Readonly<Record<string, number>>
}

export function overTime(days: readonly Day[], t: SummaryTexts, language: Language): Block[] {
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
