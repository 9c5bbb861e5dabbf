import t from 'tap'
import { call } from './audit-call.ts'

t.test('wrong usage is told with everything that is wrong, exit code 2', async (t) => {
  const dir = t.testdir({})
  t.match(await call(dir), { code: 2, stderr: /say what to do first:/ })
  t.match(await call(dir, 'burn'), { code: 2, stderr: /unknown `weir audit burn`/ })
  t.match(await call(dir, 'query', 'a', 'x', '--tier', 'y'), { code: 2, stderr: /unexpected argument `x`/ })
  t.match(await call(dir, 'query', '--since', 'x', '--tier', 'y'), { code: 2, stderr: /--tier `y`[\s\S]*--since `x`/ })
  t.match(await call(dir, 'query', '--nonsense'), { code: 2 })
  t.match(await call(dir, 'verify', 'a', 'b'), { code: 2 })
  t.match(await call(dir, '--help'), { code: 0, stdout: /usage: weir audit <verb>[\s\S]*verify/ })
  t.match(await call(dir, 'query', '--help'), { code: 0, stdout: /usage: weir audit query/ })
})
