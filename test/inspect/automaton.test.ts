import fc from 'fast-check'
import t from 'tap'
import { buildAutomaton } from '../../src/inspect/automaton.ts'

function found(keywords: readonly string[], text: string): string[] {
  const all: string[] = []
  buildAutomaton(keywords).scan(text, (keyword, end) => all.push(`${end}:${keywords[keyword] ?? ''}`))
  return all.sort()
}

function foundSlowly(keywords: readonly string[], text: string): string[] {
  const fold = (value: string): string => value.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const all: string[] = []
  for (const keyword of keywords) {
    for (let end = keyword.length; end <= text.length && keyword !== ''; end += 1) {
      if (fold(text.slice(end - keyword.length, end)) === fold(keyword)) all.push(`${end}:${keyword}`)
    }
  }
  return all.sort()
}

t.test('keywords are found wherever they end, inside each other too', async (t) => {
  t.strictSame(found(['he', 'she', 'hers'], 'ushers'), ['4:he', '4:she', '6:hers'])
  t.strictSame(found(['key'], 'KEY Key key'), ['11:key', '3:key', '7:key'])
  t.strictSame(found(['密码'], '我的密码是'), ['4:密码'])
  t.strictSame(found([], 'anything'), [])
  t.strictSame(found([''], 'anything'), [])
})

t.test('it finds what a search one by one finds', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'B', 'c', '-', '密'), maxLength: 5 })
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 8 }), fc.array(word, { maxLength: 12 }), (keywords, words) => {
      const text = words.join('')
      return found(keywords, text).join() === foundSlowly(keywords, text).join()
    }),
  )
})
