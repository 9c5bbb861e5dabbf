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

/** By `includes`, which is fast enough for long texts. */
function isAlike(keywords: readonly string[], text: string): boolean {
  const all: string[] = []
  for (const keyword of keywords) {
    for (let at = text.indexOf(keyword); at !== -1; at = text.indexOf(keyword, at + 1))
      all.push(`${at + keyword.length}:${keyword}`)
  }
  return found(keywords, text).join() === all.sort().join()
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

const LONG = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'x', '-', '密', '码'), minLength: 1, maxLength: 60 })

t.test(
  'in a text that is walked in several stretches and lanes, nothing is missed, doubled or out of order',
  async () => {
    const pieces = fc.array(LONG, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(pieces, pieces, fc.constantFrom(1020, 1030, 32_760, 32_770, 70_000), (keywords, filling, length) => {
        const filled = filling.join('').repeat(length).slice(0, length)
        const text = `${filled}${keywords.join('')}${filled.slice(0, 2000)}`
        const ends: number[] = []
        buildAutomaton([...new Set(keywords)]).scan(text, (_, end) => ends.push(end))
        return (
          ends.every((end, index) => index === 0 || end >= (ends[index - 1] ?? 0)) &&
          isAlike([...new Set(keywords)], text)
        )
      }),
      { numRuns: 30 },
    )
  },
)

t.test('of characters that share a class, those of the keyword count', async (t) => {
  // More different characters than there are classes: 0x4e00 and its neighbours are ideographs.
  const keywords = Array.from({ length: 300 }, (_, index) => `k${String.fromCharCode(0x4e00 + index)}`)
  t.strictSame(
    keywords.filter((keyword) => found(keywords, `x${keyword}x`).join() !== `3:${keyword}`),
    [],
  )
  t.strictSame(found(keywords, `k${String.fromCharCode(0x4e00 + 300)}`), [])
})
