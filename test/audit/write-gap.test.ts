import t from 'tap'
import { isBlock, logUnwrittenBlock, WriteGap } from '../../src/audit/write-gap.ts'
import { admin, intent, singleOutcome, tunnel } from './events.ts'
import { logged } from './logged.ts'

t.test('a gap says from when to when, why, and how many records it concerns', async (t) => {
  const gap = new WriteGap(0, 'ENOSPC: full')
  gap.waited = 3
  gap.lost++
  gap.refused += 2
  t.same(gap.end('s', 60_000), {
    stream: 's',
    from: '1970-01-01T00:00:00.000Z',
    to: '1970-01-01T00:01:00.000Z',
    why: 'ENOSPC: full',
    waited: 3,
    lost: 1,
    refused: 2,
  })
})

t.test('only refusals are blocks', async (t) => {
  t.same([intent(), tunnel(), admin(), singleOutcome(), tunnel({ action: 'block' })].map(isBlock), [
    false,
    false,
    false,
    true,
    true,
  ])
})

t.test('an unwritten block stands in the operational log: who, where, why, and nothing of the request', async (t) => {
  const { log, lines } = logged()
  const block = singleOutcome()
  logUnwrittenBlock(log, block, 'p_x')
  t.match(lines, [
    [
      'error',
      'audit.block-unwritten',
      {
        record: block.id,
        flow: block.flow,
        who: 'p_x',
        host: 'api.openai.com',
        tier: 'restricted',
      },
    ],
  ])
  t.notMatch(JSON.stringify(lines), /v1\/responses|alice|10\.1\.2\.3/)
  logUnwrittenBlock(undefined, block, null)
  logUnwrittenBlock(log, admin(), null)
  t.equal(lines.length, 1)
})
