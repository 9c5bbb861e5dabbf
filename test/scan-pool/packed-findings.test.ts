import fc from 'fast-check'
import t from 'tap'
import { type Finding, SEVERITIES } from '../../src/domain/finding.ts'
import { allAtOnce } from '../../src/domain/work-turns.ts'
import { buffersOf, packFindings, unpackingFindings } from '../../src/scan-pool/packed-findings.ts'

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
      t.same(allAtOnce(unpackingFindings(arrived)), findings)
    }),
    { numRuns: 100 },
  )
})

t.test('many are unpacked in steps', async (t) => {
  const one: Finding = { detector: 'd', severity: 'low', field: 'f', start: 1, end: 2, isEditable: true }
  const packed = packFindings(Array.from({ length: 1000 }, () => one))
  t.equal([...unpackingFindings(packed)].length, 3)
  t.equal(packed.names.length, 2, 'a name that stays the same stands there once')
})
