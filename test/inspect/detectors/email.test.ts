import fc from 'fast-check'
import t from 'tap'
import { findEmail } from '../../../src/inspect/detectors/email.ts'
import { forgetText } from '../../../src/inspect/detectors/value-runs.ts'

function found(text: string): string | null {
  const span = findEmail(text, text.indexOf('@'))
  return span === null ? null : text.slice(span.start, span.end)
}

t.test('addresses of people are found, without what stands around them', async (t) => {
  const rows: readonly [text: string, wanted: string][] = [
    ['ann.lee@corp-mail.de', 'ann.lee@corp-mail.de'],
    ['<ann.lee@corp-mail.de>,', 'ann.lee@corp-mail.de'],
    ['Ann Lee <ann.lee@corp-mail.de>', 'ann.lee@corp-mail.de'],
    ['# Send it to Ann Lee <ann.lee@corp-mail.de>', 'ann.lee@corp-mail.de'],
    ['mailto:o.brien+x@sub.initech.co.uk?subject=a', 'o.brien+x@sub.initech.co.uk'],
    ['邮箱zhang.wei@qq.com。', 'zhang.wei@qq.com'],
    ['"a\\nann@initech.de\\n"', 'ann@initech.de'],
    ['...ann@initech.de.', 'ann@initech.de'],
    ['ann@initech.de: hello', 'ann@initech.de'],
    ['ops@acme.de', 'ops@acme.de'],
    ['邮箱 zhangwei@163.com', 'zhangwei@163.com'],
  ]
  for (const [text, wanted] of rows) t.equal(found(text), wanted, text)
})

t.test('examples, robots, locations, file names and code are none', async (t) => {
  const rows = [
    'user@example.com',
    'jane@mail.example.org',
    'jane@shop.test',
    'a@localhost',
    'git@github.com:a/b.git',
    'git@corp.de',
    'noreply@initech.de',
    'no-reply@initech.de',
    '12345+ann@users.noreply.github.com',
    'you@yourcompany.com',
    'icon@2x.png',
    'main@v1.2.rs',
    'lodash@4.17.21',
    '@types/node',
    'ann@',
    'ann@corp',
    'ann.@corp.de',
    'x@y.notatld',
    'ann@initech.de:/srv/repo',
    'pkg@initech.de/path',
    'call@module.run(',
    'https://ann@initech.de/path',
    'postgres://ann:secret@db.initech.de',
    `${'a'.repeat(65)}@initech.de`,
    '#!/bin/sh\n#   Ann B. Lee <ann@initech.de>',
    ' * Ann Lee <ann@initech.de>',
  ]
  for (const text of rows) t.equal(found(text), null, text)
})

t.test('any text around an at sign is read without a throw', async () => {
  const around = fc.string({ unit: fc.constantFrom('a', '.', '-', '@', '/', ':', ' ', '中', '\\', 'com', '1') })
  fc.assert(
    fc.property(around, around, (before, after) => {
      const text = `${before}@${after}`
      const span = findEmail(text, before.length)
      return span === null || (span.start < before.length && span.end > before.length + 1)
    }),
  )
})

t.test('an address is judged the same whatever stands in the text before its line', async (t) => {
  const address = fc.constantFrom(
    'ann.lee@corp-mail.de',
    'o.b+x@sub.initech.co.uk',
    'BOB@QQ.COM',
    'written by@initech.de',
    'x@foo.com',
    'ann@initech.de:8',
  )
  const credit = fc.constantFrom(
    '@author ',
    'Copyright ',
    '(c) ',
    'authors = ',
    'Author: ',
    'maintained by ',
    'written by ',
    'message-id ',
    '# by ',
    '// from Ann ',
    '# Ann Lee <',
    'https://',
    'maintainers ',
  )
  const other = fc.constantFrom(' ', '\n', '\n', '.', ', ', '<', '> ', 'x'.repeat(70), '中'.repeat(50), 'see', '# ')
  const texts = fc.array(fc.oneof(address, credit, other), { minLength: 2, maxLength: 16, size: 'max' })
  let found = 0
  fc.assert(
    fc.property(texts, (pieces) => {
      const text = pieces.join('')
      const all = Array.from(text.matchAll(/@/g), ({ index }) => findEmail(text, index)?.end)
      const alone = Array.from(text.matchAll(/@/g), ({ index }) => {
        forgetText()
        return findEmail(text, index)?.end
      })
      found += all.filter((end) => end !== undefined).length
      return all.join() === alone.join()
    }),
    { numRuns: 4000 },
  )
  t.ok(found > 1000, `${found} were found`)
})

t.test('what stands around an address is read as its expressions say', async (t) => {
  const rows: readonly [text: string, wanted: string | null][] = [
    [`https://${'a'.repeat(80)}ann@initech.de`, null],
    [`https://${'a'.repeat(60)}:ann@initech.de`, null],
    [`https://${'a:'.repeat(45)}ann@initech.de`, 'ann@initech.de'],
    ['https:// ann@initech.de', 'ann@initech.de'],
    ['https://\u2003ann@initech.de', 'ann@initech.de'],
    ['ann@initech.de:~/a', null],
    ['ann@initech.de:/a', null],
    ['ann@initech.de: a', 'ann@initech.de'],
    ['ann@initech.de/ a', 'ann@initech.de'],
    ['ANN@INITECH.DE', 'ANN@INITECH.DE'],
    ['ANN@EXAMPLE.COM', null],
    ['NoReply@initech.de', null],
    ['noreplyx@initech.de', 'noreplyx@initech.de'],
    [`ann@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(20)}.de`, null],
    ['ann@初.de', null],
    ['ａnn@initech.de', 'nn@initech.de'],
    ['ann＠initech.de', null],
  ]
  for (const [text, wanted] of rows) t.equal(found(text), wanted, text)
})
