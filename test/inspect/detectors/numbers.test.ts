import fc from 'fast-check'
import t, { type Test } from 'tap'
import { isLuhn } from '../../../src/inspect/detectors/checksums.ts'
import { findCard, findChinaId, findIban } from '../../../src/inspect/detectors/numbers.ts'
import type { Finder } from '../../../src/inspect/detectors/span.ts'

/** What the finder marks at the first run of digits. */
function found(find: Finder, text: string): string | null {
  const run = /\d+/.exec(text)
  if (run === null) return null
  const span = find(text, run.index, run.index + run[0].length)
  return span === null ? null : text.slice(span.start, span.end)
}
type Rows = readonly (readonly [text: string, wanted: string | null])[]
const check = (t: Test, find: Finder, rows: Rows): void => {
  for (const [text, wanted] of rows) t.equal(found(find, text), wanted, text)
}

t.test('cards are found in one piece and in the usual groups', async (t) => {
  check(t, findCard, [
    ['4539148803436467', '4539148803436467'],
    ['card:4539 1488 0343 6467,', '4539 1488 0343 6467'],
    ['4539 1488 0343 6467 0928', '4539 1488 0343 6467'],
    ['4539-1488-0343-6467', '4539-1488-0343-6467'],
    ['3714 496353 98431', '3714 496353 98431'],
    ['卡号4539148803436467。', '4539148803436467'],
  ])
})

t.test('numbers that are no card of a person are not', async (t) => {
  check(t, findCard, [
    ['4539148803436468', null],
    ['9999999999999995', null],
    ['4242424242424242', null],
    ['4111111111111111', null],
    ['4000000000000002', null],
    ['x4539148803436467', null],
    ['4539148803436467x', null],
    ['4539148803436467.25', null],
    ['0.4539148803436467', null],
    ['4539 1488-0343 6467', null],
    ['BEEF 4539 1488 0343 6467 544B', null],
    ['4539148803436467-1', null],
    ['/4539148803436467', '4539148803436467'],
    ['id/4539148803436467', null],
    ['12', null],
  ])
})

t.test('resident identity numbers need a region, a real date and the check character', async (t) => {
  check(t, findChinaId, [
    ['11010519491231002X', '11010519491231002X'],
    ['身份证11010519491231002x', '11010519491231002x'],
    ['110105194912310029', null],
    ['99010519491231002X', null],
    ['110105194913310020', null],
    ['110105202302290023', null],
    ['11010519491231002XY', null],
    ['1110105194912310021', null],
  ])
})

t.test('every date that exists is one', async (t) => {
  const withCheck = (body: string): string | undefined =>
    Array.from('0123456789X')
      .map((letter) => body + letter)
      .find((id) => found(findChinaId, id) !== null)
  for (const date of ['20000229', '20240229', '19991231', '20230131']) t.ok(withCheck(`110105${date}002`), date)
  for (const date of ['19000229', '20230229', '20230431', '20230100', '20231301', '18991231', '21000101'])
    t.notOk(withCheck(`110105${date}002`), date)
})

t.test('IBANs are found with their country and spaces', async (t) => {
  check(t, findIban, [
    ['DE89370400440532013000', 'DE89370400440532013000'],
    ['IBAN DE89 3704 0044 0532 0130 00.', 'DE89 3704 0044 0532 0130 00'],
    ['GB29NWBK60161331926819', 'GB29NWBK60161331926819'],
    ['GB29 NWBK 6016 1331 9268 19', 'GB29 NWBK 6016 1331 9268 19'],
    ['DE88370400440532013000', null],
    ['XX89370400440532013000', null],
    ['ADE89370400440532013000', null],
    ['de89370400440532013000', null],
    ['DE8937040044053201300', null],
    ['DE893704004405320130001', null],
    ['DE893 70400440532013000', null],
    ['89370400440532013000', null],
  ])
})

/** The rule of cards written with expressions and texts: what the detector must not depart from. */
function isCard(text: string, start: number, end: number): boolean {
  const grouped = /\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?!\d)|\d{4}([ -])\d{6}\2\d{4,5}(?!\d)/y
  grouped.lastIndex = start
  const length = end - start
  const written = length === 4 ? grouped.exec(text)?.[0] : text.slice(start, end)
  if (written === undefined || (length !== 4 && (length < 13 || length > 19))) return false
  const digits = written.replace(/[ -]/g, '')
  const [before, behind] = [text.slice(0, start), text.slice(start + written.length)]
  if (/\w$|[\w.][.\-+/#%&]$/.test(before) || /^(?:\w|[./-]\w)/.test(behind)) return false
  if (/[0-9A-Fa-f]{4,5}\s$/.test(before.slice(-6)) && /^\s[0-9A-Fa-f]{4,5}(?!\w)/.test(behind)) return false
  const isIssued =
    /^4.{15}$|^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|6011|64[4-9]|65|35(?:2[89]|[3-8])|5018|5020|5038|6304|6759|676[1-3])/.test(
      digits,
    ) && digits.length === 16
  const isOther = /^3[47].{13}$|^3(?:0[0-5]|[689])(?:.{11,12}|.{13,14})$|^62.{14,17}$/.test(digits)
  const isRight = !/^3(?:0[0-5]|[689])/.test(digits) || digits.length === 14 || digits.length === 16
  const isTest =
    /^(?:4242|4111111111111111|5555555555554444|4000056655665556|4012888888881881|378282246310005|6011111111111117|0000)/
  return (
    (isIssued || (isOther && isRight)) &&
    isLuhn(digits) &&
    !isTest.test(digits) &&
    !/0{6}$/.test(digits) &&
    new Set(digits).size >= 4
  )
}

t.test('cards are found exactly where their groups, issuer, check digit and what stands around say so', async (t) => {
  const digit = fc.integer({ min: 0, max: 9 }).map(String)
  const some = (count: number) => fc.array(digit, { minLength: count, maxLength: count }).map((each) => each.join(''))
  const issuer = fc.constantFrom(
    '4539',
    '4',
    '5425',
    '2221',
    '2720',
    '2721',
    '3714',
    '30',
    '36',
    '3528',
    '6011',
    '62',
    '5018',
    '9',
    '1',
  )
  const groups = fc.constantFrom(
    [4, 4, 4, 4],
    [4, 6, 5],
    [4, 6, 4],
    [4, 4, 4, 7],
    [4, 4, 4, 3],
    [16],
    [15],
    [14],
    [19],
    [4, 4, 8],
    [4, 6, 6],
  )
  const around = fc.constantFrom(
    '',
    '',
    ' ',
    'x',
    '.',
    '1.',
    'BEEF ',
    '１',
    '\n',
    '卡号',
    '-',
    '-1',
    ' 544B',
    ' 12345678',
  )
  const written = fc
    .tuple(issuer, some(19), groups, fc.constantFrom(' ', '-', '  ', '.'), around, around)
    .map(([head, tail, sizes, separator, before, behind]) => {
      const count = sizes.reduce((sum, size) => sum + size, 0)
      const body = (head + tail).slice(0, count - 1)
      const digits = Array.from('0123456789', (last) => body + last).find(isLuhn) ?? body
      let at = 0
      const parts = sizes.map((size) => digits.slice(at, (at += size)))
      return `${before}${parts.join(separator)}${behind}`
    })
  let seen = 0
  fc.assert(
    fc.property(written, (text) => {
      for (const run of text.matchAll(/\d+/g)) {
        const [start, end] = [run.index, run.index + run[0].length]
        const isWanted = isCard(text, start, end)
        if (isWanted) seen += 1
        if ((findCard(text, start, end) !== null) !== isWanted) return false
      }
      return true
    }),
    { numRuns: 10_000 },
  )
  t.ok(seen > 500, `${seen} of them`)
})

t.test('IBANs of every country are found with and without spaces, and not with another check digit', async (t) => {
  const letters = fc.string({ unit: fc.constantFrom(...Array.from('0123456789ABCXYZ')), minLength: 30, maxLength: 30 })
  const countries = fc.constantFrom<[string, number]>(
    ['DE', 22],
    ['NO', 15],
    ['GB', 22],
    ['MT', 31],
    ['FR', 27],
    ['RU', 33],
  )
  fc.assert(
    fc.property(
      countries,
      letters,
      fc.boolean(),
      fc.integer({ min: 0, max: 96 }),
      ([country, length], body, isSpaced, check) => {
        const rest = body.padEnd(length, '0').slice(0, length - 4)
        const value = BigInt(
          Array.from(`${rest}${country}00`, (letter) => String(Number.parseInt(letter, 36))).join(''),
        )
        const right = 98 - Number(value % 97n)
        const iban = `${country}${String(check + 2).padStart(2, '0')}${rest}`
        const written = isSpaced ? iban.replace(/.{4}(?=.)/g, '$& ') : iban
        return (found(findIban, `(${written})`) === written) === (check + 2 === right)
      },
    ),
    { numRuns: 2000 },
  )
  t.equal(found(findIban, 'NO9386011117947'), 'NO9386011117947')
})
