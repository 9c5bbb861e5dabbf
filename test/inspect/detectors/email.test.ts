import fc from 'fast-check'
import t from 'tap'
import { findEmail } from '../../../src/inspect/detectors/email.ts'

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
