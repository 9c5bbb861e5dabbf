import { readFileSync } from 'node:fs'
import t from 'tap'
import { compileDetectors } from '../../src/inspect/compile-detectors.ts'
import { encodeFingerprints } from '../../src/inspect/fingerprint-file.ts'
import { fingerprintsOf } from '../../src/inspect/fingerprints.ts'
import { hits, sourceOf } from '../helpers/detectors.ts'

const other = {
  id: 'test-key',
  name: 'Test key',
  severity: 'high',
  keywords: ['tk_'],
  pattern: 'tk_[a-z0-9]{8}',
  examples: { match: ['tk_<loweralnum:8>'] },
}
const projects = { id: 'project-names', name: 'Names of projects', severity: 'high', dictionary: 'projects.txt' }
const tables = (text: string) => ({
  dictionaries: [{ file: 'rules/detectors/projects.txt', name: 'projects.txt', text }],
  fingerprints: [],
})

t.test('the terms of a dictionary are found under the id of its rule, beside all others', async (t) => {
  const result = compileDetectors([sourceOf([{ ...projects, ignoreCase: true }, other])], {
    tables: tables('Blue Bird\n蓝鸟计划\n'),
  })
  t.ok(result.ok)
  if (!result.ok) return
  t.strictSame(hits(result.detectors, 'blue  bird 和蓝鸟计划 tk_a1b2c3d4'), [
    'project-names=blue  bird',
    'project-names=蓝鸟计划',
    'test-key=tk_a1b2c3d4',
  ])
})

t.test('a dictionary that is missing or broken is a problem with its place', async (t) => {
  const missing = compileDetectors([sourceOf([projects])])
  t.match(missing.problems, [
    { path: 'detectors[0].dictionary', line: 1, message: /no `projects\.txt` in this folder/ },
  ])
  const broken = compileDetectors([sourceOf([projects])], { tables: tables('ok\nx\n') })
  t.match(broken.problems, [{ file: 'rules/detectors/projects.txt', line: 2 }])
})

t.test('a dictionary goes with no other way to find', async (t) => {
  const both = compileDetectors([sourceOf([{ ...projects, keywords: ['x'] }])], { tables: tables('ok\n') })
  t.match(both.problems, [{ message: /none of them with `dictionary`/ }])
  const none = compileDetectors([sourceOf([{ ...projects, pattern: 'x' }])], { tables: tables('ok\n') })
  t.match(none.problems, [{ message: /exactly one of `pattern`, `finder`, `dictionary` and `fingerprints`/ }])
})

t.test('a copy of indexed source code is found under the id of its rule', async (t) => {
  const source = readFileSync(new URL('../../src/inspect/overlap.ts', import.meta.url), 'utf8')
  const bytes = encodeFingerprints(fingerprintsOf(source))
  const file = { file: 'rules/detectors/own.fp', name: 'own.fp', text: 'x', bytes }
  const own = { id: 'own-source', name: 'Own source code', severity: 'high', fingerprints: 'own.fp' }
  const result = compileDetectors([sourceOf([own])], { tables: { dictionaries: [], fingerprints: [file] } })
  t.ok(result.ok)
  if (!result.ok) return
  t.match(hits(result.detectors, `Explain:\n${source}`), [/^own-source=/])
  const cut = { ...file, bytes: bytes.subarray(0, 20) }
  const broken = compileDetectors([sourceOf([own])], { tables: { dictionaries: [], fingerprints: [cut] } })
  t.match(broken.problems, [{ file: 'rules/detectors/own.fp', message: /make it anew/ }])
  t.match(compileDetectors([sourceOf([own])]).problems, [{ path: 'detectors[0].fingerprints' }])
})
