import fc from 'fast-check'
import t from 'tap'
import { parseEventSearch } from '../../src/domain/event-search.ts'
import { SEARCH_KEYS } from '../../src/domain/event-search-keys.ts'
import { printEventSearch } from '../../src/domain/event-search-text.ts'

const NOW = Date.parse('2026-11-22T10:00:00.000Z')

/** Without the places, which a new spelling moves. */
const read = (text: string) => {
  const result = parseEventSearch(text, NOW)
  return result.ok ? result.search.map((term) => ({ ...term, at: 0 })) : null
}
const printed = (text: string) => {
  const result = parseEventSearch(text, NOW)
  return result.ok ? printEventSearch(result.search) : null
}

t.test('what is printed is what was asked, times made absolute', async (t) => {
  t.equal(
    printed('TIER:Restricted -user:"Li Wei",li* status:>=400 bytes:1k..2k since:1d -"free text" word event:01a'),
    'tier:restricted -user:"li wei",li* status:400.. bytes:1000..2000 since:2026-11-21T10:00:00.000Z -"free text" word event:01A',
  )
})

t.test('what is printed reads back as the same', async (t) => {
  const key = fc.constantFrom(...Object.keys(SEARCH_KEYS))
  const bare = fc.stringMatching(/^[^\s,"]{1,12}$/u)
  const quoted = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `"${text.replaceAll(/[\\"]/gu, '\\$&')}"`)
  const number = fc.oneof(
    fc.tuple(fc.constantFrom('', '>', '<', '>=', '<='), fc.integer({ min: 0, max: 1e9 })).map((both) => both.join('')),
    fc.tuple(fc.integer(), fc.double({ min: 0, max: 1e6, noNaN: true })).map(([a, b]) => `${a}..${b.toFixed(3)}`),
  )
  const value = fc.oneof(bare, quoted, number, fc.constantFrom('7d', '2026-11-22', 'allow,block', '*', 'a*b'))
  const term = fc.oneof(
    fc.tuple(fc.constantFrom('', '-'), key, value).map(([sign, name, what]) => `${sign}${name}:${what}`),
    fc.tuple(fc.constantFrom('', '-'), fc.oneof(bare, quoted)).map((both) => both.join('')),
  )
  let compared = 0
  fc.assert(
    fc.property(fc.array(term, { maxLength: 4 }), (terms) => {
      const before = read(terms.join(' '))
      if (before === null) return
      compared++
      const again = printed(terms.join(' ')) ?? ''
      t.same(read(again), before, again)
    }),
    { numRuns: 1000 },
  )
  t.ok(compared > 100, 'enough of them were questions')
})
