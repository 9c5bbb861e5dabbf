import t from 'tap'
import { readmeText } from '../../../src/audit/report/readme.ts'

t.test('the README names every file of a pack, in both languages, in lines that fit a page', async (t) => {
  const text = readmeText()
  for (const name of [
    'events.jsonl',
    'policies/',
    'proofs/',
    'manifest.sig',
    'SHA256SUMS',
    'weir-verify-pack.mjs',
    '核验',
  ])
    t.match(text, name)
  t.ok(text.split('\n').every((line) => line.length <= 110))
})
