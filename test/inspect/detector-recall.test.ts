/** The labelled set: what is found of it, and that nothing is found in ordinary lines. `test/detect-report.ts` says more. */
import t from 'tap'
import { hits, shippedDetectors } from '../helpers/detectors.ts'
import { hardLines, type LabelledText, labelledFormats } from '../helpers/labelled-set.ts'
import { outsideLines, outsideSet } from '../helpers/outside-set.ts'

const detectors = shippedDetectors()

const missedOf = (rows: readonly LabelledText[]): LabelledText[] =>
  rows.filter(
    ({ text, start, end }) =>
      !detectors.scan(text, () => false).matches.some((match) => match.start <= start && match.end >= end),
  )

t.test('credentials of documented formats are found in every context in which people paste them', async (t) => {
  const rows = labelledFormats('recall')
  const missed = missedOf(rows)
  t.ok(rows.length > 2000)
  t.ok(missed.length <= rows.length * 0.01, missed.map((row) => `${row.source} ${row.context}`).join(', '))
})

t.test(
  'formats and texts that were written down apart from the rules are found, person and machine made',
  async (t) => {
    for (const [set, least, share] of [
      ['1', 1900, 0.98],
      ['2', 850, 0.96],
      ['3', 300, 0.88],
      ['4', 2000, 0.95],
      ['5', 350, 0.93],
    ] as const) {
      const rows = outsideSet(set, 'outside')
      const missed = missedOf(rows)
      t.ok(rows.length > least)
      t.ok(missed.length <= rows.length * (1 - share), missed.map((row) => `${row.source} ${row.context}`).join(', '))
    }
  },
)

t.test('in hashes, lock files, minified code, ids and placeholders nothing is found', async (t) => {
  const lines = outsideLines('outside')
  t.ok(lines.length > 700)
  t.strictSame(
    lines.flatMap((line) => hits(detectors, line).map((hit) => `${hit} in ${line}`)),
    [],
  )
})

t.test('in ordinary lines nothing is found', async (t) => {
  for (const line of hardLines()) t.strictSame(hits(detectors, line), [], line)
})
