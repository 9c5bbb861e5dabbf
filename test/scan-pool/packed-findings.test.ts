import fc from 'fast-check'
import t from 'tap'
import { type Finding, SEVERITIES } from '../../src/domain/finding.ts'
import { buffersOf, packFindings, unpackFindings } from '../../src/scan-pool/packed-findings.ts'

const finding = fc.record(
  {
    detector: fc.constantFrom('gitlab-token', 'email', 'iban'),
    severity: fc.constantFrom(...SEVERITIES),
    field: fc.oneof(fc.constantFrom('', 'a', 'messages[0].content'), fc.string({ unit: 'binary' })),
    start: fc.nat(),
    end: fc.nat(),
    isEditable: fc.boolean(),
    escaping: fc.constantFrom('json', 'form', 'plain'),
    isJson: fc.constant(true),
  },
  { requiredKeys: ['detector', 'severity', 'field', 'start', 'end', 'isEditable'] },
)

t.test('findings are the same after the way from a thread', async (t) => {
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 40 }), (findings: Finding[]) => {
      const packed = packFindings(findings)
      const arrived = structuredClone(packed, { transfer: buffersOf(packed) })
      const unpacked = unpackFindings(arrived)
      t.same([...unpacked], findings)
      t.same([...unpacked], findings, 'as often as they are asked for')
      t.equal(unpacked.length, findings.length)
    }),
    { numRuns: 100 },
  )
})

t.test('a name that stays the same stands there once', async (t) => {
  const one: Finding = { detector: 'd', severity: 'low', field: 'f', start: 1, end: 2, isEditable: true }
  const { names, kinds } = packFindings(Array.from({ length: 1000 }, () => one))
  t.equal(names.length, 2)
  t.equal(kinds.length, 1)
})
