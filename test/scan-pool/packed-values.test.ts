import fc from 'fast-check'
import t from 'tap'
import { SEVERITIES } from '../../src/domain/finding.ts'
import { packValues, unpackValues } from '../../src/scan-pool/packed-values.ts'

const kept = fc.record({
  value: fc.string({ unit: 'binary' }),
  detector: fc.constantFrom('email', 'iban', 'gitlab-token'),
  severity: fc.constantFrom(...SEVERITIES),
})

t.test('values are the same after the way to a thread', async (t) => {
  fc.assert(
    fc.property(fc.array(kept, { maxLength: 30 }), (values) => {
      t.same(unpackValues(structuredClone(packValues(values))), values)
    }),
    { numRuns: 100 },
  )
})
