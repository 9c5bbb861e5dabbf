import t from 'tap'
import { problemCount, problemLine } from '../../src/cli/problem-lines.ts'

const problem = { file: 'f.yaml', line: 3, path: 'a.b', message: 'wrong', severity: 'error' } as const

t.test('a problem is one line', (t) => {
  t.equal(problemLine(problem), 'error: f.yaml:3: a.b: wrong\n')
  t.equal(problemLine({ ...problem, line: null, path: '', severity: 'warning' }), 'warning: f.yaml: wrong\n')
  t.equal(problemCount([problem, { ...problem, severity: 'warning' }, problem]), '2 errors, 1 warning')
  t.end()
})
