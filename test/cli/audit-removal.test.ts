import t from 'tap'
import { createRemovalEvents } from '../../src/cli/audit-removal.ts'

t.test('what goes because it is old has a record that says which and how far', async (t) => {
  const event = createRemovalEvents(() => Date.parse('2026-11-23T10:00:00Z'))
  const after = { firstSeq: 1, lastSeq: 9, lastHash: 'aa', newest: '2026-01-01T00:00:00.000Z', files: 1 }
  t.match(event({ operation: 'retention.remove', target: 'n1-w0', after }), {
    phase: 'admin',
    actor: 'weir',
    operation: 'retention.remove',
    target: 'n1-w0',
    time: '2026-11-23T10:00:00.000Z',
    before: null,
    after,
  })
  t.match(event({ operation: 'retention.forget', target: 'n1-w0', after }), { operation: 'retention.forget' })
})
