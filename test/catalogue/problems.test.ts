import t from 'tap'
import { z } from 'zod'
import { pathText, problemAt, schemaProblems } from '../../src/catalogue/problems.ts'

t.test('paths are written as people write them', (t) => {
  t.equal(pathText(['tools', 3, 'endpoints', 0, 'host']), 'tools[3].endpoints[0].host')
  t.equal(pathText([]), '')
  t.equal(pathText([2, 'a']), '[2].a')
  t.end()
})

t.test('each unknown key is a problem of its own, with its own line', (t) => {
  const source = { file: 'f.yaml', lineOf: (path: string) => path.length }
  const parsed = z.strictObject({ a: z.string() }).safeParse({ a: 1, bb: 2, ccc: 3 })
  const problems = parsed.success ? [] : schemaProblems(source, parsed.error)
  t.match(problems, [
    { path: 'a', line: 1, severity: 'error' },
    { path: 'bb', line: 2, message: 'unknown key `bb`' },
    { path: 'ccc', line: 3, message: 'unknown key `ccc`' },
  ])
  t.equal(problemAt(source, 'x', 'm', 'warning').severity, 'warning')
  t.end()
})
