import t from 'tap'
import { isPlainName } from '../../src/identity/plain-name.ts'

t.test('names that could be read as something else in a log or a rule are none', async (t) => {
  for (const good of ['li.wei', '李伟', 'host/pc7', 'A B', 'x'.repeat(200)]) t.ok(isPlainName(good), good)
  for (const bad of ['', ' ann', 'ann ', 'a\nb', 'a\u200db', 'a\u2028b', 'x'.repeat(201)]) {
    t.notOk(isPlainName(bad), encodeURIComponent(bad))
  }
})
