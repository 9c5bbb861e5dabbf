import fc from 'fast-check'
import t from 'tap'
import type { Finding, Severity } from '../../src/domain/finding.ts'
import { redactBody } from '../../src/inspect/redact.ts'

const placeholders = { prefix: 'WEIR', key: Buffer.alloc(32, 7) }
const all: readonly Severity[] = ['high', 'medium', 'low']
const finding = (start: number, end: number, more: Partial<Finding> = {}): Finding => ({
  detector: 'test',
  severity: 'high',
  field: '',
  start,
  end,
  isEditable: true,
  placeholder: '#',
  ...more,
})
const redact = (text: string, findings: readonly Finding[], severities = all): string =>
  Buffer.from(redactBody(Buffer.from(text), { findings, severities }, placeholders)).toString()

t.test('only the spans change', async (t) => {
  t.equal(redact('0123456789', [finding(7, 9), finding(1, 3)]), '0#3456#9')
  t.equal(redact('0123', [finding(0, 4)]), '#')
})

t.test('without anything to replace the body is the same array', async (t) => {
  const body = Buffer.from('x')
  t.equal(redactBody(body, { findings: [], severities: all }, placeholders), body)
  t.equal(redactBody(body, { findings: [finding(0, 1, { isEditable: false })], severities: all }, placeholders), body)
  t.equal(redactBody(body, { findings: [finding(0, 1)], severities: ['low'] }, placeholders), body)
})

t.test('severities that are not asked for stay', async (t) => {
  t.equal(redact('abc', [finding(0, 1, { severity: 'low' }), finding(2, 3)], ['high']), 'ab#')
})

t.test('spans that overlap leave nothing of either', async (t) => {
  t.equal(redact('0123456789', [finding(2, 6), finding(4, 8), finding(3, 4)]), '01#89')
})

t.test('a finding without placeholder gets one of its bytes', async (t) => {
  const { placeholder: _, ...bare } = finding(1, 2)
  t.match(redact('abc', [bare]), /^aWEIR[A-Z2-7]{12}c$/)
})

t.test('spans outside the body are left out', async (t) => {
  t.equal(redact('abc', [finding(-1, 2), finding(2, 9), finding(2, 2)]), 'abc')
})

t.test('every byte outside the spans stays, in order', async () => {
  const span = fc.tuple(fc.nat(60), fc.nat(10))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.array(span, { maxLength: 5 }), (body, spans) => {
      const findings = spans.map(([start, length]) => finding(start, Math.min(start + length, body.length)))
      const kept = [...body].filter((_, at) => !findings.some(({ start, end }) => start <= at && at < end))
      const marked = redactBody(
        body,
        { findings: findings.map((each) => ({ ...each, placeholder: '' })), severities: all },
        placeholders,
      )
      return Buffer.compare(Buffer.from(kept), marked) === 0
    }),
  )
})
