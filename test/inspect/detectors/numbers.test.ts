import t, { type Test } from 'tap'
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
