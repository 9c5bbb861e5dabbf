import t from 'tap'
import { readExpiry } from '../../src/cli/token-expiry.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const HOUR = 3_600_000

t.test('a span, a date, a time or never', (t) => {
  const cases: [string, number | null][] = [
    ['12h', NOW + 12 * HOUR],
    ['90d', NOW + 90 * 24 * HOUR],
    ['4w', NOW + 28 * 24 * HOUR],
    ['2027-06-30', Date.parse('2027-06-30T00:00:00Z')],
    ['2027-06-30T10:00:00+02:00', Date.parse('2027-06-30T08:00:00Z')],
    ['never', null],
  ]
  for (const [text, atMs] of cases) t.strictSame(readExpiry(text, NOW), { ok: true, atMs }, text)
  t.end()
})

t.test('anything else says what is wrong with it', (t) => {
  const cases: [string, RegExp][] = [
    ['', /write/u],
    ['90', /write/u],
    ['tomorrow', /write/u],
    ['2027-13-45', /write/u],
    ['9999999d', /write/u],
    ['0d', /past/u],
    ['2020-01-01', /past/u],
    ['9999w', /ten years/u],
  ]
  for (const [text, problem] of cases) t.match(readExpiry(text, NOW), { ok: false, problem }, text)
  t.end()
})
