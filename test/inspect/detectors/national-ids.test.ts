import t from 'tap'
import {
  isAadhaar,
  isBsn,
  isCpf,
  isHongKongId,
  isKoreanId,
  isNir,
  isNric,
  isPesel,
  isSpanishId,
  isSsn,
  isTaiwanId,
} from '../../../src/inspect/detectors/national-ids.ts'

/** Numbers from the issuers' own examples and from published test data. */
const CASES: readonly (readonly [name: string, check: (value: string) => boolean, right: string, wrong: string])[] = [
  ['CPF', isCpf, '529.982.247-25', '529.982.247-24'],
  ['DNI', isSpanishId, '12345678Z', '12345678A'],
  ['NIE', isSpanishId, 'X1234567L', 'X1234567T'],
  ['PESEL', isPesel, '44051401359', '44051401358'],
  ['BSN', isBsn, '111222333', '111222334'],
  ['NIR', isNir, '2 55 08 14 168 025 38', '2 55 08 14 168 025 39'],
  ['Taiwan', isTaiwanId, 'A123456789', 'A123456788'],
  ['HKID', isHongKongId, 'A123456(3)', 'A123456(4)'],
  ['NRIC', isNric, 'S1234567D', 'S1234567A'],
  ['Korea', isKoreanId, '900101-1234568', '901301-1234568'],
  ['Aadhaar', isAadhaar, '2341 2341 2346', '2341 2341 2347'],
  ['SSN', isSsn, '536-22-8145', '666-22-8145'],
]

t.test('check digits of national identity numbers', async (t) => {
  for (const [name, check, right, wrong] of CASES) {
    t.ok(check(right), `${name} ${right}`)
    t.notOk(check(wrong), `${name} ${wrong}`)
    t.notOk(check(''), `${name} nothing`)
  }
})
