import t from 'tap'
import { BEHIND, endOfWord, fillWindow, hashOf, SLICE, startOfWord, windowUnits } from '../../src/inspect/term-words.ts'

function words(text: string): string[] {
  const limit = fillWindow(text, 0)
  const all: string[] = []
  for (let at = BEHIND; at < limit; ) {
    const end = endOfWord(at, limit)
    all.push(text.slice(at - BEHIND, end - BEHIND))
    at = end
  }
  return all
}

t.test('letters stand together, white space too, everything else alone', async (t) => {
  t.strictSame(words('caf\u00e9_2  x-17\n\u84dd\u9e1f'), [
    'caf\u00e9_2',
    '  ',
    'x',
    '-',
    '17',
    '\n',
    '\u84dd',
    '\u9e1f',
  ])
  t.strictSame(words(`a${' '.repeat(33)}b`), ['a', ' '.repeat(32), ' ', 'b'])
})

t.test('a slice is seen with what stands around it, and nothing else is left of the text before', async (t) => {
  const text = `${'a'.repeat(SLICE - 3)}bcd efg`
  fillWindow('z'.repeat(2 * SLICE), SLICE)
  const limit = fillWindow(text, SLICE)
  t.equal(limit, BEHIND + 4)
  t.equal(String.fromCharCode(...windowUnits.subarray(BEHIND - 4, limit)), 'abcd efg')
  t.equal(windowUnits[limit], 0xffff)
  t.ok(BEHIND + 1 - startOfWord(BEHIND + 1) > 200, 'a longer word than any term has')
})

t.test('a word has one hash whatever the case of its letters', async (t) => {
  const hash = (text: string) => hashOf(BEHIND, fillWindow(text, 0))
  t.equal(hash('Bluebird'), hash('bLUEBIRD'))
  t.not(hash('Bluebird'), hash('Bluebirds'))
})
