import fc from 'fast-check'
import t from 'tap'
import { chainedLine, createEventRenderer } from '../../../src/audit/event-line.ts'
import { lineFields } from '../../../src/audit/tree/line-fields.ts'
import { admin, config, intent, singleOutcome, tunnel } from '../events.ts'
import { plainPersons } from '../plain-persons.ts'

const render = createEventRenderer(plainPersons)
const place = { stream: 'n1-w0', seq: 4711, prevHash: 'ab'.repeat(32) }
const fieldsOf = (line: string) => lineFields(Buffer.from(`\n${line}\n`), 1, Buffer.byteLength(line) + 1)

t.test('the fields are those of the line, whatever text stands around them', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('","prevHash":"x', ',"seq":1', '"whoDigest":"', ',"stream":"y"'),
  )
  fc.assert(
    fc.property(text, text, (a, b) =>
      [
        intent({ path: `/${a}`, rule: b, toolVersion: b }),
        singleOutcome({ reason: a, policyRevision: b }),
        tunnel({ rule: a }),
        config({ to: a, from: b }),
        admin({ target: a, before: { prevHash: b, seq: 7, stream: a, whoDigest: b }, after: { [a]: b } }),
      ].every((event) => {
        const line = chainedLine(render(event), place)
        const { whoDigest = '' } = JSON.parse(line) as { whoDigest?: string }
        const found = fieldsOf(line)
        return (
          found?.seq === 4711 &&
          found.prevHash === place.prevHash &&
          found.stream === 'n1-w0' &&
          found.whoDigest === whoDigest
        )
      }),
    ),
  )
})

t.test('what is no chained line has none', async (t) => {
  for (const line of ['', '{}', 'nonsense', '{"prevHash":"ab', `{"prevHash":"${place.prevHash}","seq":x,"stream":"s"}`])
    t.equal(fieldsOf(line), null, line)
})
