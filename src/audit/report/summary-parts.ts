/** Small pieces that every section of the summary is made of. */
import type { Block, TableColumn } from './document.ts'
import type { Deed } from './statistics.ts'
import type { SummaryTexts } from './summary-texts-en.ts'

/** Rows of a table of the largest. */
export const TOP = 25

export const shortTime = (time: string): string => time.replace(/:\d{2}(?:\.\d+)?Z$/u, '').replace('T', ' ')

export const section = (id: keyof SummaryTexts['sections'], t: SummaryTexts): Block => ({
  kind: 'section',
  id,
  title: t.sections[id],
})
export const text = (words: string, isNote = false): Block => ({ kind: 'text', text: words, isNote })
export const number = (title: string, width = 0.6): TableColumn => ({ title, isNumber: true, width })
export const code = (title: string, width = 1.6): TableColumn => ({ title, isCode: true, width })

/** Bars against the largest. */
export const barsOf = (values: readonly number[]): number[] => {
  const peak = Math.max(1, ...values)
  return values.map((value) => value / peak)
}

export const warning = (words: string): Block => ({ kind: 'warning', text: words })

export const counted = (
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

export const requestsOf = (
  rows: readonly { readonly name: string; readonly requests: number }[],
): { readonly name: string; readonly count: number }[] => rows.map(({ name, requests }) => ({ name, count: requests }))

export const deeds = (caption: string, rows: readonly Deed[], t: SummaryTexts): Block => ({
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
