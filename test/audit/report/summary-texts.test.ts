import t from 'tap'
import { filled, LANGUAGES, SUMMARY_TEXTS } from '../../../src/audit/report/summary-texts.ts'

const leaves = (value: unknown, path = ''): [string, string][] =>
  typeof value === 'string'
    ? [[path, value]]
    : Object.entries(value as object).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`))

const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/gu)].map(([place]) => place).toSorted()

t.test('every language says everything, with the same values in it', async (t) => {
  const english = new Map(leaves(SUMMARY_TEXTS.en))
  for (const language of LANGUAGES) {
    const texts = leaves(SUMMARY_TEXTS[language])
    t.strictSame(
      texts.map(([path]) => path),
      [...english.keys()],
      language,
    )
    for (const [path, text] of texts) {
      t.ok(text.length > 0, path)
      t.strictSame(places(text), places(english.get(path) ?? ''), `${language}${path}`)
    }
  }
})

t.test('values are put once: a value that looks like a place is no place', async (t) => {
  t.equal(filled('{a} and {b}', { a: '{b}', b: 'x' }), '{b} and x')
  t.equal(filled('{missing} {toString}', {}), '{missing} {toString}')
})
