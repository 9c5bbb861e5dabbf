import fc from 'fast-check'
import t from 'tap'
import { base64Texts } from '../../src/inspect/base64-text.ts'

const encoded = (text: string, coding: 'base64' | 'base64url' = 'base64'): string => Buffer.from(text).toString(coding)
const FILE = 'DB_HOST=db.internal\nDB_PASSWORD=not-a-real-one\n# 密码在上面\nEND=1\n'
const texts = (text: string): string[] => base64Texts(text).map((each) => each.text)

t.test('a file in base64 is read, wherever it stands', async (t) => {
  for (const around of [
    (run: string) => run,
    (run: string) => `data:text/plain;base64,${run}`,
    (run: string) => `{"file":"${run}"}`,
    (run: string) => `Authorization: Basic ${run} and so on`,
  ]) {
    t.strictSame(texts(around(encoded(FILE))), [FILE], around('…'))
    t.strictSame(texts(around(encoded(FILE, 'base64url'))), [FILE], around('… url-safe'))
  }
})

t.test('the place is the whole run, with its padding', async (t) => {
  const run = encoded('x'.repeat(40))
  t.match(run, /==$/)
  t.match(base64Texts(`ab ${run} cd`), [{ start: 3, end: 3 + run.length }])
})

t.test('lines are one text, whatever their length and line ends', async (t) => {
  const run = encoded(FILE.repeat(5))
  for (const [length, lineEnd] of [
    [64, '\n'],
    [76, '\r\n'],
    [76, '\n    '],
  ] as const) {
    const lines = (run.match(new RegExp(`.{1,${length}}`, 'g')) ?? []).join(lineEnd)
    t.strictSame(texts(`data:\n${lines}\n`), [FILE.repeat(5)], `${length}`)
  }
})

t.test('text of Windows is read', async (t) => {
  const command = 'Invoke-WebRequest -Headers $key'
  t.strictSame(texts(Buffer.from(command, 'utf16le').toString('base64')), [command])
})

t.test('pictures, digests, paths, names and short runs are none', async (t) => {
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(200, 7)]).toString('base64')
  for (const text of [
    png,
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'sha512-7Ynq0C0m1Ew0vB3xk8Vg4z7oQJ5u9y2pXn3F8sYc1RkTqLhMdWbNa6GeZfUiPjOoVwX==',
    'src/components/dashboard-widgets/charts/line-chart/index',
    'aVeryLongIdentifierNameThatGoesOnAndOnWithoutAnEndInSight',
    encoded('short text'),
  ])
    t.strictSame(texts(text), [], text)
})

t.test('every text of some length is read again out of a text around it', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 60 }), fc.constantFrom('', ' ', '"', ', '), (text, around) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what no text holds
      if (/[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) || !text.isWellFormed() || text.includes('\0')) return true
      return base64Texts(`${around}${encoded(text)}${around}`).some((found) => found.text === text)
    }),
  )
})

t.test('no text makes it fail, and the places are in order and disjoint', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('QUJD', '\n', '=', ' ', '/x', '-', encoded(FILE), '密')), (words) => {
      const text = words.join('')
      let last = 0
      for (const { start, end } of base64Texts(text)) {
        if (start < last || end <= start || end > text.length) return false
        last = end
      }
      return true
    }),
  )
})
