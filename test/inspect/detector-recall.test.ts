/** The labelled set: what is found of it, and that nothing is found in ordinary lines. `test/detect-report.ts` says more. */
import t from 'tap'
import { hits, shippedDetectors } from '../helpers/detectors.ts'
import { hardLines, labelledFormats } from '../helpers/labelled-set.ts'

const detectors = shippedDetectors()

t.test('credentials of documented formats are found in every context in which people paste them', async (t) => {
  const rows = labelledFormats('recall')
  const missed = rows.filter(
    ({ text, start, end }) =>
      !detectors.scan(text, () => false).matches.some((match) => match.start <= start && match.end >= end),
  )
  t.ok(rows.length > 2000)
  t.ok(missed.length <= rows.length * 0.01, missed.map((row) => `${row.source} ${row.context}`).join(', '))
})

t.test('in ordinary lines nothing is found', async (t) => {
  for (const line of hardLines()) t.strictSame(hits(detectors, line), [], line)
})
