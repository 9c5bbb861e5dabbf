import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import metadata from 'libphonenumber-js/min/metadata'
import t from 'tap'
import { isInternationalNumber, isNationalNumber } from '../../../src/inspect/detectors/numbering-plans.ts'

const digits = (least: number, most = least) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most }).map((each) => each.join(''))
const { nonGeographic } = metadata as unknown as { readonly nonGeographic: Readonly<Record<string, unknown>> }
const codes = [...Object.keys(metadata.country_calling_codes), ...Object.keys(nonGeographic)]
/** What people write behind a calling code though it is dialled within a country only. */
const prefixes = ['', '', '', '0', '1', '8', '00', '06', '15', '011', '0111']

t.test('numbers of every calling code are in use exactly where the library says so', async (t) => {
  let inUse = 0
  const written = fc.tuple(fc.constantFrom(...codes), fc.constantFrom(...prefixes), digits(3, 13))
  fc.assert(
    fc.property(written, (parts) => {
      const number = parts.join('')
      const wanted = parsePhoneNumberFromString(`+${number}`)?.isValid() === true
      if (wanted) inUse += 1
      return isInternationalNumber(number) === wanted
    }),
    { numRuns: 6000 },
  )
  t.ok(inUse > 300, 'and many of them are')
})

t.test(
  'so are those that are dialled within China and North America, also with what is dialled to leave them',
  async () => {
    const china = fc.tuple(fc.constantFrom('13', '15', '18', '1791200', '1790100'), digits(9))
    const america = fc.tuple(fc.constantFrom('', '', '011', '0110', '1', '310'), digits(10))
    fc.assert(
      fc.property(china, america, (inChina, inAmerica) => {
        const [mobile, landline] = [inChina.join('').slice(0, 11), inAmerica.join('').slice(0, 10)]
        return (
          isNationalNumber(mobile, 'CN') === (parsePhoneNumberFromString(mobile, 'CN')?.isValid() === true) &&
          isNationalNumber(landline, 'US') === (parsePhoneNumberFromString(landline, 'US')?.isValid() === true)
        )
      }),
      { numRuns: 3000 },
    )
  },
)

t.test('what is too short or begins with no calling code is no number', async (t) => {
  for (const number of ['', '0', '49', '491', '999123456', '0049301234567'])
    t.notOk(isInternationalNumber(number), number)
  t.ok(isInternationalNumber('4930901820'))
})
