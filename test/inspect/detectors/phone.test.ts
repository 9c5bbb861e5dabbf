import t from 'tap'
import { findPhone } from '../../../src/inspect/detectors/phone.ts'

function found(text: string): string | null {
  const run = /\d+/.exec(text)
  if (run === null) return null
  const span = findPhone(text, run.index, run.index + run[0].length)
  return span === null ? null : text.slice(span.start, span.end)
}

t.test('numbers are found as people write them', async (t) => {
  const rows: readonly [text: string, wanted: string][] = [
    ['+86 138 2046 9173', '+86 138 2046 9173'],
    ['+8613820469173', '+8613820469173'],
    ['手机13920469173。', '13920469173'],
    ['139-2046-9173', '139-2046-9173'],
    ['139 2046 9173', '139 2046 9173'],
    ['+49 30 901820', '+49 30 901820'],
    ['+44 (20) 7946 0018', '+44 (20) 7946 0018'],
    ['(415) 867-5309', '(415) 867-5309'],
    ['415-867-5309', '415-867-5309'],
    ['415.867.5309', '415.867.5309'],
    ['tel:+33142685300', '+33142685300'],
  ]
  for (const [text, wanted] of rows) t.equal(found(text), wanted, text)
})

t.test('numbers that count, date or name things are none', async (t) => {
  const rows = [
    '17179869184',
    '1700000000000',
    '13800000000',
    '13911111111',
    '2024-01-02',
    '415-867-530',
    '1.415.867.5309.2',
    'v13920469173',
    '13920469173x',
    'id-13920469173',
    'x+8613820469173',
    '10.13920469173',
    '13920469173.js',
    '+1 555',
    '+999 123 45678',
    '(555) 555-0100',
    '+1 234 567 8900',
    'f(415) 867-5309',
    '4158675309',
    '12',
  ]
  for (const text of rows) t.equal(found(text), null, text)
})

t.test('a number ends behind the last group of digits that it can hold', async (t) => {
  const rows: readonly [text: string, wanted: string | null][] = [
    ['+49 (30) 9018 20.', '+49 (30) 9018 20'],
    ['+49 30 901820 7654321 7654321 7654321', null],
    [`+49 30901820 ${'7'.repeat(40)}`, '+49 30901820'],
    [`+${'49308172'.repeat(9)}`, null],
    ['+49 (30) 9', null],
    ['+4930 (901820) 77', null],
    ['+49 30  901820', null],
    ['+49 30 901820-', '+49 30 901820'],
    ['+49 30 901820-x', null],
  ]
  for (const [text, wanted] of rows) t.equal(found(text), wanted, text)
})
