import t from 'tap'
import { createGapEvents } from '../../src/cli/audit-gap.ts'

t.test('a gap becomes a record of its own, with what it cost', async (t) => {
  const gap = { from: '2026-11-22T10:00:00.000Z', to: '2026-11-22T10:01:00.000Z', why: 'ENOSPC: full' }
  const counts = { waited: 7, lost: 0, refused: 2 }
  const event = createGapEvents(() => Date.parse('2026-11-22T10:01:00.001Z'))({ stream: 'n1-w0', ...gap, ...counts })
  t.match(event, {
    phase: 'admin',
    time: '2026-11-22T10:01:00.001Z',
    actor: 'weir',
    operation: 'audit.gap',
    target: 'n1-w0',
    before: null,
    after: { ...gap, ...counts },
  })
})
