import fc from 'fast-check'
import metadata from 'libphonenumber-js/min/metadata'
import t from 'tap'
import { DigitTable, NO, PASSED, YES } from '../../../src/inspect/detectors/digit-table.ts'

const valuesOf = (digits: string): Uint8Array => Uint8Array.from(digits, Number)
const walk = (table: DigitTable | null, digits: string): number | undefined =>
  table?.walk(valuesOf(digits), 0, digits.length)

/** All expressions of all numbering plans. */
const expressions: string[] = []
JSON.stringify(metadata, (_key, value: unknown) => {
  if (typeof value === 'string' && /^[\d\\[(].*[\\[{(|]/.test(value) && !/[$^ ]/.test(value)) expressions.push(value)
  return value
})
const digits = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 15 }).map((each) => each.join(''))

t.test('a table matches what its expression matches, wholly and at the beginning', async (t) => {
  t.ok(expressions.length > 500)
  const tables = expressions.map((source) => ({
    source,
    whole: DigitTable.of([{ source, use: 'whole' }], (matching) => matching.has(0)),
    beginning: DigitTable.of([{ source, use: 'beginning' }], (matching) => matching.has(0)),
    passed: DigitTable.of([{ source, use: 'passed' }], () => true),
  }))
  let matched = 0
  fc.assert(
    fc.property(fc.constantFrom(...tables), digits, digits, ({ source, whole, beginning, passed }, head, tail) => {
      const number = `${head}${tail}`.slice(0, 18)
      const isWhole = new RegExp(`^(?:${source})$`).test(number)
      const start = new RegExp(`^(?:${source})`).exec(number)
      if (isWhole) matched += 1
      return (
        walk(whole, number) === (isWhole ? YES : NO) &&
        walk(beginning, number) === (start !== null ? YES : NO) &&
        walk(passed, number) === ((start?.[0] ?? '') !== '' ? PASSED : YES)
      )
    }),
    { numRuns: 5000 },
  )
  t.ok(matched > 20)
})

t.test('several expressions are told apart, and the judge hears of all that match and of the length', async (t) => {
  const heard: [number[], number][] = []
  const patterns = [
    { source: '12?3{2,3}', use: 'whole' },
    { source: '(1)[2-4]', use: 'beginning' },
    { source: '9*', use: 'whole' },
  ] as const
  const table = DigitTable.of(patterns, (matching, length) => {
    heard.push([[...matching].sort(), length])
    return matching.size === 2
  })
  t.equal(walk(table, '1233'), YES)
  t.equal(walk(table, '133'), YES)
  t.equal(walk(table, '1234'), NO)
  t.equal(walk(table, '999'), NO)
  t.strictSame(heard[0], [[2], 0], 'nothing matches the third already')
  t.ok(heard.some(([matching, length]) => matching.join() === '0,1' && length === 4))
  t.equal(walk(table, '9'.repeat(21)), NO, 'longer than any number')
})

t.test('a `passed` expression is told as soon as it matches something, at its end or not', async (t) => {
  const table = DigitTable.of([{ source: '(?:0(1)?)?$|7', use: 'passed' }], () => false)
  for (const number of ['0', '05', '012', '7']) t.equal(walk(table, number), PASSED, number)
  for (const number of ['', '5', '50']) t.equal(walk(table, number), NO, number)
})

t.test('expressions that assert something, or cannot be read, make no table', async (t) => {
  for (const source of ['1$', '1(?=2)', '1|(2\\b)', '(?:1^)*', '\\p{N}'])
    t.equal(
      DigitTable.of([{ source, use: 'whole' }], () => true),
      null,
      source,
    )
})

t.test('a table of more states than are kept begins anew and says the same', async (t) => {
  // which digit stood fourteen places before the end: as many states as there are beginnings
  const table = DigitTable.of([{ source: '\\d*1\\d{13}', use: 'whole' }], (matching) => matching.has(0))
  let state = 1
  const some = (): string => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return String(state >>> 4).padStart(9, '1')
  }
  for (let count = 0; count < 12_000; count += 1) {
    const number = (some() + some()).replaceAll(/[2-5]/g, '1')
    if (walk(table, number) !== (number.at(-14) === '1' ? YES : NO)) return t.fail(number)
  }
  return t.pass()
})
