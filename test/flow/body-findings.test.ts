import fc from 'fast-check'
import t from 'tap'
import { type Finding, SEVERITIES } from '../../src/domain/finding.ts'
import { allAtOnce } from '../../src/domain/work-turns.ts'
import { countingBody } from '../../src/flow/body-findings.ts'
import { countFindings } from '../../src/flow/record.ts'

const finding = (start: number, end: number, more: Partial<Finding> = {}): Finding => ({
  detector: 'd',
  severity: 'high',
  field: 'f',
  start,
  end,
  isEditable: true,
  ...more,
})
const distinct = (findings: readonly Finding[]): Finding[] => [...allAtOnce(countingBody(findings)).findings]

t.test('what is found twice at one place is one finding', async (t) => {
  const [first, second] = [finding(0, 5), finding(10, 20)]
  t.strictSame(distinct([first, second]), [first, second])
  t.strictSame(distinct([first, second, { ...first, field: 'g' }]), [first, second], 'the first one stays')
  t.strictSame(distinct([second, first, second, first]), [second, first])
  const other = finding(0, 5, { detector: 'e' })
  t.strictSame(distinct([first, other]), [first, other], 'another detector found something else')
  const inner = finding(3, 5)
  t.strictSame(distinct([first, inner]), [first, inner])
})

t.test('where nothing is edited only the end counts: a text begins behind its length', async (t) => {
  const [message, text] = [finding(0, 5, { isEditable: false }), finding(1, 5, { isEditable: false })]
  t.strictSame(distinct([message, text]), [message])
  const mild = finding(2, 5, { isEditable: false, severity: 'low' })
  t.strictSame(distinct([message, mild]), [message, mild])
})

t.test('findings are counted, those apart that stand where nothing is edited', async (t) => {
  const { counts, uneditable } = allAtOnce(
    countingBody([finding(0, 5), finding(6, 9), finding(10, 12, { isEditable: false })]),
  )
  t.strictSame(counts, [{ detector: 'd', severity: 'high', field: 'f', count: 3 }])
  t.strictSame(uneditable, [{ detector: 'd', severity: 'high', field: 'f', count: 1 }])
})

/** Without any shortcut. */
function distinctSlowly(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ detector, severity, start, end, isEditable }) => {
    const key = isEditable ? `${detector} ${start} ${end}` : `${detector} ${severity} ${end}`
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

const some = fc.array(
  fc.record({
    detector: fc.constantFrom('d', 'e'),
    severity: fc.constantFrom(...SEVERITIES),
    field: fc.constantFrom('f', 'g'),
    start: fc.nat({ max: 12 }),
    end: fc.nat({ max: 12 }),
    isEditable: fc.boolean(),
  }),
  { maxLength: 12 },
)

t.test('in whatever order they come, each is there once', async (t) => {
  fc.assert(
    fc.property(some, (findings) => {
      const expected = distinctSlowly(findings)
      const body = allAtOnce(countingBody(findings))
      t.strictSame([...body.findings], expected)
      t.strictSame(body.counts, countFindings(expected))
    }),
    { numRuns: 300 },
  )
})

t.test('many are gone through in steps, sorted or not', async (t) => {
  const sorted = Array.from({ length: 10_000 }, (_, index) => finding(index * 10, index * 10 + 5))
  t.ok([...countingBody(sorted)].length >= 30)
  const twice = [...sorted, ...sorted]
  t.ok([...countingBody(twice)].length >= 60)
  t.strictSame(distinct(twice).length, 10_000)
})
