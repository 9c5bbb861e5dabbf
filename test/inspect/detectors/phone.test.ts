import fc from 'fast-check'
import t from 'tap'
import { isNationalNumber } from '../../../src/inspect/detectors/numbering-plans.ts'
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

/** The same rule, written with expressions and texts: what the detector must not depart from. */
function wanted(text: string, start: number, end: number): boolean {
  const isWord = (at: number): boolean => /\w/.test(text[at] ?? '')
  const isCounted = (digits: string): boolean =>
    digits.length >= 8 &&
    digits.length <= 15 &&
    !digits.endsWith('00000') &&
    new Set(digits).size >= 4 &&
    !Number.isInteger(Math.log2(Number(digits))) &&
    !/123456|234567|345678|456789|987654|876543/.test(digits) &&
    !/55501\d\d$/.test(digits)
  const national = (shape: RegExp, from: number, country: 'CN' | 'US'): boolean => {
    const written = shape.exec(text.slice(from))?.[0]
    if (written === undefined || /^(?:\w|[./*+-]\w)/.test(text.slice(from + written.length))) return false
    const digits = written.replace(/\D/g, '')
    return isCounted(digits) && isNationalNumber(digits, country)
  }
  const china = /^1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)/
  const america = /^(?:\(\d{3}\) ?\d{3}-\d{4}(?!\d)|\d{3}([-.])\d{3}\1\d{4}(?!\d))/
  if (text[start - 1] === '(') return !isWord(start - 2) && national(america, start - 1, 'US')
  if (isWord(start - 1) || '.-+/#%&=*'.includes(text[start - 1] ?? ' ')) return false
  if (end - start === 3) return national(china, start, 'CN') || national(america, start, 'US')
  return (end - start === 7 || end - start === 11) && national(china, start, 'CN')
}

t.test('national numbers are found exactly where their shape, the plan and what stands around say so', async (t) => {
  const digit = fc.integer({ min: 0, max: 9 }).map(String)
  const some = (count: number) => fc.array(digit, { minLength: count, maxLength: count }).map((each) => each.join(''))
  const head = fc.constantFrom('', '', ' ', '(', '1', '13', '(415', '415', '800', '555', '010', '+', 'x', '/', '１')
  const joint = fc.constantFrom('', '-', '.', ' ', ') ', ')', '\n', '－', '  ')
  const body = fc.constantFrom('867', '123', '555', '2046', '4567', '9173', '0000')
  const tail = fc.constantFrom('', '', '5309', '0100', '9173', 'x', '.5', '-1', '5', '\n', '年', '５')
  const written = fc.oneof(
    fc.tuple(head, joint, fc.oneof(body, some(3), some(4)), joint, fc.oneof(some(4), tail), tail),
    fc.tuple(head, some(3), fc.constantFrom('-', '.'), some(3), fc.constantFrom('-', '.'), some(4), tail),
    fc.tuple(
      fc.constantFrom('', ' ', '('),
      fc.constantFrom('415', '703', '212'),
      fc.constantFrom(') ', '-', '.', ')'),
      some(3),
      fc.constantFrom('-', '.'),
      some(4),
      tail,
    ),
    fc.tuple(fc.constantFrom('', ' '), fc.constantFrom('13', '15', '18', '1'), some(9), tail),
  )
  let seen = 0
  fc.assert(
    fc.property(written, (parts) => {
      const text = parts.join('')
      for (const run of text.matchAll(/\d+/g)) {
        const [start, end] = [run.index, run.index + run[0].length]
        if (text[start - 1] === '+') continue
        const isWanted = wanted(text, start, end)
        if (isWanted) seen += 1
        if ((findPhone(text, start, end) !== null) !== isWanted) return false
      }
      return true
    }),
    { numRuns: 20_000 },
  )
  t.ok(seen > 1000, `${seen} of them`)
})

t.test('quantities are no numbers, whatever plan they are in', async (t) => {
  for (const number of ['+49 30 123456', '+49 30 987654', '+49 30 876543', '+49 30 456789', '+49 3000 00000'])
    t.equal(found(number), null, number)
  for (const number of ['+49 30 765432']) t.equal(found(number), number, number)
  t.equal(found('+1 703 555 0142'), null)
  t.equal(found('+1 703 556 0142'), '+1 703 556 0142')
  t.equal(found('+17179869184'), null, 'a power of two')
})
