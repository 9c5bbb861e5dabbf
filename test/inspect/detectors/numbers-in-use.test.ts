import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import metadata from 'libphonenumber-js/min/metadata'
import t from 'tap'
import { isInternationalNumber, isNationalNumber } from '../../../src/inspect/detectors/numbering-plans.ts'
import { isInternationalInUse, isNationalInUse } from '../../../src/inspect/detectors/numbers-in-use.ts'

const digits = (least: number, most = least) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most }).map((each) => each.join(''))
const { nonGeographic } = metadata as unknown as { readonly nonGeographic: Readonly<Record<string, unknown>> }
const codes = [...Object.keys(metadata.country_calling_codes), ...Object.keys(nonGeographic)]
const prefixes = ['', '', '', '', '0', '1', '8', '00', '06', '15', '011', '0111']
/** With more behind them than is asked about. */
const valuesOf = (number: string): Uint8Array => Uint8Array.from(`${number}47`, Number)
const international = (number: string): boolean => isInternationalInUse(valuesOf(number), number.length)
const national = (number: string, country: 'CN' | 'US'): boolean =>
  isNationalInUse(valuesOf(number), number.length, country)

t.test('numbers are in use where the expressions of their plans say so', async (t) => {
  let inUse = 0
  const written = fc.oneof(
    fc.tuple(fc.constantFrom(...codes), fc.constantFrom(...prefixes), digits(0, 17)),
    fc.tuple(fc.constantFrom('1', '44', '39', '590'), fc.constantFrom(...prefixes), digits(7, 10)),
    digits(0, 15).map((each) => [each]),
  )
  fc.assert(
    fc.property(written, (parts) => {
      const number = parts.join('')
      const wanted = isInternationalNumber(number)
      if (wanted) inUse += 1
      return international(number) === wanted
    }),
    { numRuns: 20_000 },
  )
  t.ok(inUse > 500, 'and many of them are')
})

t.test('so are those that are dialled within China and North America', async (t) => {
  let inUse = 0
  const china = fc.tuple(fc.constantFrom('', '13', '15', '18', '00', '1791200', '1790100', '121'), digits(5, 10))
  const america = fc.tuple(fc.constantFrom('', '', '011', '0110', '1', '310', '8001'), digits(6, 11))
  fc.assert(
    fc.property(china, america, (inChina, inAmerica) => {
      const [mobile, landline] = [inChina.join(''), inAmerica.join('')]
      if (isNationalNumber(landline, 'US')) inUse += 1
      return (
        national(mobile, 'CN') === isNationalNumber(mobile, 'CN') &&
        national(landline, 'US') === isNationalNumber(landline, 'US')
      )
    }),
    { numRuns: 10_000 },
  )
  t.ok(inUse > 100, 'and many of them are')
})

t.test('the library says the same', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...codes), fc.constantFrom(...prefixes), digits(4, 11), (code, prefix, rest) => {
      const number = code + prefix + rest
      return international(number) === (parsePhoneNumberFromString(`+${number}`)?.isValid() === true)
    }),
    { numRuns: 2000 },
  )
})
