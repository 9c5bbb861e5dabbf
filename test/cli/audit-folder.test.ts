import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tunnel } from '../audit/events.ts'
import { filled } from '../audit/filled.ts'
import { call } from './audit-call.ts'

t.test('a folder without events is exit code 3, with what to do', async (t) => {
  const dir = t.testdir({ audit: 'a file' })
  t.match(await call(dir, 'query', '--data', 'absent'), { code: 3, stderr: /no such folder: has Weir run here/ })
  t.match(await call(dir, 'verify', '--data', '.'), { code: 3, stderr: /cannot read the events/ })
  t.match(await call(dir, 'query', '--config', 'absent.yaml'), { code: 3, stderr: /the configuration cannot be used/ })
})

t.test('without --data the folder comes from the configuration', async (t) => {
  const at = await filled(t, [tunnel()])
  writeFileSync(join(at.data, 'weir.yaml'), 'data: { dir: . }\n')
  const { code, stdout } = await call(at.data, 'query')
  t.equal(code, 0)
  t.match(stdout, /lingma-qoder-cn/)
})
