import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readTableFiles } from '../../src/config/table-files.ts'

t.test('terms and fingerprints are read beside the detectors; unchanged files are the same objects', async (t) => {
  const dir = t.testdir({ 'b.txt': 'two\n', 'a.txt': 'one\n', '.hidden.txt': 'x', 'x.fp': 'bytes', 'rules.yaml': '' })
  const { sources, problems } = await readTableFiles(dir, 'rules/detectors', null)
  t.strictSame(problems, [])
  t.strictSame(sources.dictionaries, [
    { file: 'rules/detectors/a.txt', name: 'a.txt', text: 'one\n' },
    { file: 'rules/detectors/b.txt', name: 'b.txt', text: 'two\n' },
  ])
  t.match(sources.fingerprints, [{ file: 'rules/detectors/x.fp', name: 'x.fp', text: /^[0-9a-f]{64}$/ }])
  t.ok(sources.fingerprints[0]?.bytes.buffer instanceof SharedArrayBuffer, 'each thread has the same memory')
  t.equal(Buffer.from(sources.fingerprints[0]?.bytes ?? []).toString(), 'bytes')
  writeFileSync(join(dir, 'b.txt'), 'three\n')
  const again = await readTableFiles(dir, 'rules/detectors', sources)
  t.equal(again.sources.dictionaries[0], sources.dictionaries[0])
  t.equal(again.sources.fingerprints[0], sources.fingerprints[0])
  t.equal(again.sources.dictionaries[1]?.text, 'three\n')
})

t.test('what cannot be read is told, the rest is read', async (t) => {
  const dir = t.testdir({ 'a.txt': 'one\n', 'b.txt': Buffer.from([0xff, 0xfe]), 'c.txt': {} })
  const { sources, problems } = await readTableFiles(dir, 'd', null)
  t.equal(sources.dictionaries.length, 1)
  t.match(
    problems.toSorted((a, b) => a.file.localeCompare(b.file)),
    [
      { file: 'd/b.txt', message: 'is not UTF-8 text' },
      { file: 'd/c.txt', message: /cannot be read: EISDIR/ },
    ],
  )
})

t.test('a missing folder has no tables', async (t) => {
  const { sources, problems } = await readTableFiles(join(t.testdir({}), 'none'), 'none', null)
  t.strictSame([sources, problems], [{ dictionaries: [], fingerprints: [] }, []])
})
