import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCompressor } from '../../src/audit/compressor.ts'
import { logged } from './logged.ts'

const NAMES = ['events-s-000000000001.jsonl', 'events-s-000000000002.jsonl', 'events-s-000000000003.jsonl']

t.test('compresses what is closed in a thread of its own, and says so', async (t) => {
  const dir = t.testdir({ [NAMES[0]!]: 'a\n'.repeat(100), [NAMES[1]!]: 'cut short', [NAMES[2]!]: 'newest\n' })
  const { log, lines } = logged()
  const compressor = createCompressor({ dir, stream: 's', log })
  t.teardown(() => compressor.close())
  compressor.run()
  compressor.run()
  await compressor.idle()
  t.same(readdirSync(dir), [`${NAMES[0]}.zst`, NAMES[1], NAMES[2]])
  t.match(lines, [
    ['info', 'audit.segment-compressed', { file: NAMES[0], textBytes: 200 }],
    ['warn', 'audit.compress-failed', { file: NAMES[1] }],
    ['warn', 'audit.compress-failed', { file: NAMES[1] }],
  ])
})

t.test('a folder that cannot be read is said, and closed it does nothing more', async (t) => {
  const dir = join(t.testdir({ file: '' }), 'file')
  const { log, lines } = logged()
  const compressor = createCompressor({ dir, stream: 's', log })
  compressor.run()
  await compressor.idle()
  t.match(lines, [['error', 'audit.compress-failed', {}]])
  await compressor.close()
  compressor.run()
  await compressor.idle()
  t.equal(lines.length, 1)
})

t.test('it can be closed in the middle', async (t) => {
  const dir = join(t.testdir({}), 'audit')
  mkdirSync(dir)
  const compressor = createCompressor({ dir, stream: 's' })
  compressor.run()
  await compressor.close()
  await compressor.idle()
  t.same(readdirSync(dir), [])
})
