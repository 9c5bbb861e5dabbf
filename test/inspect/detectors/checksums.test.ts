import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import {
  crc32Base62,
  hasCrc32Base62,
  hasCrc32Hex,
  hasCrc32HexSwapped,
  isLuhn,
  isLuhnOf,
  isMod11Check2,
  isMod97,
} from '../../../src/inspect/detectors/checksums.ts'

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: length, maxLength: length })

t.test('published numbers are valid, and invalid with one digit changed', async (t) => {
  const rows: readonly [check: (text: string) => boolean, valid: string][] = [
    [isLuhn, '79927398713'],
    [isLuhn, '4539148803436467'],
    [isMod97, 'GB29NWBK60161331926819'],
    [isMod97, 'DE89370400440532013000'],
    [isMod11Check2, '11010519491231002X'],
    [isMod11Check2, '11010519491231002x'],
  ]
  for (const [check, valid] of rows) {
    t.ok(check(valid), valid)
    t.notOk(check(valid.replace(/\d/, (digit) => String((Number(digit) + 1) % 10))), `${valid} changed`)
  }
})

t.test('nothing and what has other characters is invalid', async (t) => {
  t.notOk(isLuhn(''))
  t.notOk(isMod97(''))
  t.notOk(isMod97('GB29'))
  t.notOk(isMod97('GB29-NWBK60161331926819'))
  t.notOk(isMod11Check2(''))
})

t.test('exactly one check digit fits', async () => {
  const fitting = (check: (text: string) => boolean, body: string, letters: string): number =>
    Array.from(letters).filter((letter) => check(body + letter)).length
  fc.assert(fc.property(digits(15), (body) => fitting(isLuhn, body, '0123456789') === 1))
  fc.assert(fc.property(digits(17), (body) => fitting(isMod11Check2, body, '0123456789X') === 1))
})

t.test('an IBAN is read where it stands, with its spaces', async (t) => {
  const text = 'to GB29 NWBK 6016 1331 9268 19.'
  t.ok(isMod97(text, 3, text.length - 1))
  t.notOk(isMod97(text, 3, text.length - 2))
  t.notOk(isMod97(text, 2, text.length - 1))
})

t.test('digits that were gathered are checked like those of a text', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 19 }).chain(digits), (text) => {
      const values = Uint8Array.from(`${text}4`, Number)
      return isLuhnOf(values, text.length) === isLuhn(text)
    }),
  )
})

t.test('a CRC in base 62 is six characters of the thirty before it', async (t) => {
  t.equal(crc32Base62(''), '000000')
  t.match(crc32Base62('anything'), /^[0-9A-Za-z]{6}$/)
  const body = 'Ab3'.repeat(10)
  t.ok(hasCrc32Base62(`ghp_${body}${crc32Base62(body)}`))
  t.notOk(hasCrc32Base62(`ghp_${body}000000`))
  t.notOk(hasCrc32Base62(`ghp_${body}`))
})

t.test('a CRC-32 in hexadecimal at the end of a token', async (t) => {
  const hex = (body: string): string => crc32(body).toString(16).padStart(8, '0')
  const swapped = (body: string): string => Buffer.from(hex(body), 'hex').reverse().toString('hex')
  const atlassian = 'ATATT3xFfGF0aB3dE5fG7hJ9kL1mN='
  t.ok(hasCrc32Hex(atlassian + hex(atlassian).toUpperCase()))
  t.notOk(hasCrc32Hex(`${atlassian}00000000`))
  const grafana = 'glsa_k3Jd82hfQpLz91mXcVbN4sRtYwE6uI0o'
  t.ok(hasCrc32HexSwapped(`${grafana}_${swapped(grafana)}`))
  t.notOk(hasCrc32HexSwapped(`${grafana}_00000000`))
  for (const text of ['', 'x', 'zzzzzzzz']) t.notOk(hasCrc32Hex(text) || hasCrc32HexSwapped(text), text)
})
