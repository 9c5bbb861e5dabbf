import fc from 'fast-check'
import t from 'tap'
import { formatToken, makeTokenText, parseBasic, parseToken } from '../../src/identity/token-text.ts'

t.test('a token is read back as it was made, and no two are alike', async (t) => {
  const made = Array.from({ length: 200 }, makeTokenText)
  for (const token of made) t.strictSame(parseToken(formatToken(token)), token)
  t.equal(new Set(made.map(({ id }) => id)).size, made.length)
  t.equal(new Set(made.map(({ secret }) => secret)).size, made.length)
  t.match(formatToken(made[0]!), /^weir_pt_[0-9a-f]{16}_[a-z2-7]{32}$/u, 'known by its head, and safe in a URL')
  const letters = new Set(made.flatMap(({ secret }) => secret.split('')))
  t.equal(letters.size, 32, 'every letter of the alphabet comes: 5 bits each, 160 in all')
})

t.test('what is not exactly a token is none', async (t) => {
  const text = formatToken(makeTokenText())
  for (const wrong of [
    '',
    'hunter2',
    text.slice(0, -1),
    `${text}a`,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace('_pt_', '_px_'),
  ])
    t.equal(parseToken(wrong), null, JSON.stringify(wrong))
})

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')

t.test('Basic is user and password, parted at the first colon, in UTF-8', async (t) => {
  t.strictSame(parseBasic(base64('li.wei:weir_pt_x')), { user: 'li.wei', password: 'weir_pt_x' })
  t.strictSame(parseBasic(base64('李伟:a:b')), { user: '李伟', password: 'a:b' })
  t.strictSame(parseBasic(base64(':')), { user: '', password: '' })
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      (user, password) => {
        if (/[:\p{Cc}\ufffd]/u.test(user) || /[\p{Cc}\ufffd]/u.test(password)) return
        t.strictSame(parseBasic(base64(`${user}:${password}`)), { user, password })
      },
    ),
    { numRuns: 50 },
  )
})

t.test('what is no Basic credential is null, whatever it is', async (t) => {
  const wrong = [
    '',
    'a',
    '====',
    'not base64!',
    base64('no colon'),
    base64('a\nb:c'),
    base64('a:\u0000'),
    Buffer.from([0xff, 0x3a]).toString('base64'),
    base64(`u:${'x'.repeat(1000)}`),
  ]
  for (const text of wrong) t.equal(parseBasic(text), null, text.slice(0, 40))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = parseBasic(text)
      t.ok(read === null || !read.user.includes(':'))
    }),
    { numRuns: 200 },
  )
})
