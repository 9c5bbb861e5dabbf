import fc from 'fast-check'
import t from 'tap'
import { BEGINNINGS } from '../../../src/inspect/detectors/beginnings.ts'
import { FINDERS } from '../../../src/inspect/detectors/registry.ts'

const NUMBERS = [
  '4539 1488 0343 6467',
  '4539148803436467',
  '3714-496353-98431',
  '6212345678901232',
  '11010519491231002X',
  '440524198001010013',
  'DE89 3704 0044 0532 0130 00',
  'GB29NWBK60161331926819',
  'NO9386011117947',
  '+86 138 2046 9173',
  '+442079460018',
  '+1 703 556 0142',
  '13920469173',
  '139-2046-9173',
  '1392046-9173',
  '(415) 867-5309',
  '415.867.5309',
]

t.test('every finder that begins with certain runs is a finder', async (t) => {
  for (const name of BEGINNINGS.keys()) t.ok(FINDERS.has(name), name)
})

t.test('where a number of a finder may not begin, the finder finds none', async (t) => {
  const around = fc.constantFrom(
    '',
    '',
    '',
    ' ',
    '+',
    '(',
    'A',
    'DE',
    'x',
    '_',
    '.',
    '-',
    '/',
    '#',
    '=',
    '号',
    '7',
    '１',
    '+1 ',
  )
  let found = 0
  for (const [name, begins] of BEGINNINGS) {
    const find = FINDERS.get(name)
    fc.assert(
      fc.property(around, fc.constantFrom(...NUMBERS), fc.nat(4), around, (before, number, cut, behind) => {
        const text = `${before}${number.slice(cut)}${behind}`
        for (const run of text.matchAll(/\d+/g)) {
          const [start, end] = [run.index, run.index + run[0].length]
          if (find?.(text, start, end) == null) continue
          found += 1
          if (!begins(end - start, text.charCodeAt(start - 1))) return false
        }
        return true
      }),
      { numRuns: 3000 },
    )
  }
  t.ok(found > 100, `${found} were found`)
})
