import { join } from 'node:path'
import t from 'tap'
import { readRulesFiles } from '../../src/config/rules-files.ts'
import { smallRules } from './small-rules.ts'

t.test('all parts are read, by name, and other files are left alone', async (t) => {
  const dir = t.testdir({
    ...smallRules(),
    catalogue: { 'b.yaml': 'b: 1\n', 'a.yml': 'a: 1\n', 'note.txt': 'x', '.hidden.yaml': 'x: [', '..data': {} },
  })
  const files = await readRulesFiles(dir, 'rules')
  t.same(
    files.catalogue.map((source) => source.file),
    ['rules/catalogue/a.yml', 'rules/catalogue/b.yaml'],
  )
  t.equal(files.policy?.file, 'rules/policy.yaml')
  t.same(files.problems, [])
})

t.test('what is missing or broken is told by part, the rest is read', async (t) => {
  const dir = t.testdir({ catalogue: { 'a.yaml': 'a: [\n', 'b.yaml': 'b: 1\n' }, detectors: {} })
  const files = await readRulesFiles(dir, 'rules')
  t.equal(files.policy, null)
  t.equal(files.catalogue.length, 1)
  t.same(files.problems.map(({ part, file }) => `${part} ${file}`).toSorted(), [
    'catalogue rules/catalogue/a.yaml',
    'notices rules/notices',
    'policy rules/policy.yaml',
  ])
})

t.test('a missing folder is told once for each part, with what to do', async (t) => {
  const files = await readRulesFiles(join(t.testdir({}), 'none'), 'none')
  t.equal(files.problems.length, 4)
  t.match(files.problems.find(({ part }) => part === 'catalogue')?.message, /missing: create it or set rules\.dir/)
})
