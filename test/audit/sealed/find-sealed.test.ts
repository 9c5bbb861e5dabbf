import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readContent, removeSealedDays, sealedDaysBefore } from '../../../src/audit/sealed/find-sealed.ts'

t.test('whole old days are removed, and nothing else', async (t) => {
  const dir = t.testdir({})
  t.same(sealedDaysBefore(dir, Date.now()), [])
  mkdirSync(join(dir, 'sealed'))
  for (const name of ['2026-11-20.jsonl', '2026-11-21.jsonl', '2026-11-22.jsonl', 'notes.txt']) {
    writeFileSync(join(dir, 'sealed', name), '')
  }
  const old = sealedDaysBefore(dir, Date.parse('2026-11-22T00:00:00Z'))
  t.same(old, ['2026-11-20', '2026-11-21'])
  t.same(sealedDaysBefore(dir, Date.parse('2026-11-22T23:59:59Z')), old, 'a day that is not over stays')
  removeSealedDays(dir, old)
  t.same(readdirSync(join(dir, 'sealed')).sort(), ['2026-11-22.jsonl', 'notes.txt'])
})

t.test('what is no sealed text is refused', async (t) => {
  for (const text of ['', 'null', '{}', '{"v":2}', '{"v":1,"shares":3}']) t.throws(() => readContent(text))
})
