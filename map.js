// Coverage map of tap: the tests of test/a/b.test.ts must cover src/a/b.ts, and only that counts.
// Tests that run the whole program (end to end, meta) cover no single file.
import { existsSync } from 'node:fs'

export default (test) => {
  const source = test.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '.ts')
  return existsSync(source) ? source : null
}
