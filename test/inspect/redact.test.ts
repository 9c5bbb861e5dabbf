import fc from 'fast-check'
import t from 'tap'
import type { Finding, Severity } from '../../src/domain/finding.ts'
import { placeholderFor } from '../../src/inspect/placeholder.ts'
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
  ...more,
})
const edit = (text: string, findings: readonly Finding[], severities = all) =>
  redactBody(Buffer.from(text), { findings, severities }, placeholders)
/** Every placeholder as `#`. */
const redact = (text: string, findings: readonly Finding[], severities = all): string =>
  Buffer.from(edit(text, findings, severities).body)
    .toString('latin1')
    .replaceAll(/WEIR[A-Z2-7]{12}/gu, '#')

t.test('only the spans change', async (t) => {
  t.equal(redact('0123456789', [finding(7, 9), finding(1, 3)]), '0#3456#9')
  t.equal(redact('0123', [finding(0, 4)]), '#')
})

t.test('without anything to replace the body is the same array', async (t) => {
  const body = Buffer.from('x')
  const same = (findings: readonly Finding[], severities = all) =>
    redactBody(body, { findings, severities }, placeholders)
  t.equal(same([]).body, body)
  t.equal(same([finding(0, 1, { isEditable: false })]).body, body)
  t.equal(same([finding(0, 1)], ['low']).body, body)
  t.equal(same([]).values.size, 0)
})

t.test('severities that are not asked for stay', async (t) => {
  t.equal(redact('abc', [finding(0, 1, { severity: 'low' }), finding(2, 3)], ['high']), 'ab#')
})

t.test('spans that overlap leave nothing of either', async (t) => {
  t.equal(redact('0123456789', [finding(2, 6), finding(4, 8), finding(3, 4)]), '01#89')
})

t.test('a placeholder is made of what the span says, whatever it is written like, and the value is told', async (t) => {
  const writings: readonly (readonly [string, Partial<Finding>])[] = [
    ['a-b"', {}],
    ['a\\u002db\\"', { escaping: 'json' }],
    ['a%2db%22', { escaping: 'form' }],
    ['a\\\\u002db\\\\\\"', { escaping: 'json', isJson: true }],
  ]
  const expected = placeholderFor(placeholders, 'a-b"')
  for (const [text, how] of writings) {
    const { body, values } = edit(`<${text}>`, [finding(1, text.length + 1, how)])
    t.equal(Buffer.from(body).toString(), `<${expected}>`, text)
    t.strictSame([...values], [[expected, { value: 'a-b"', detector: 'test', severity: 'high' }]], text)
  }
})

t.test('a value has one placeholder in a body, whichever detector found it where', async (t) => {
  const { body, values } = edit('xy xy', [finding(3, 5, { detector: 'b' }), finding(0, 2, { detector: 'a' })])
  const expected = placeholderFor(placeholders, 'xy')
  t.equal(Buffer.from(body).toString(), `${expected} ${expected}`)
  t.equal(values.size, 1)
})

t.test('other rules that find the same value give it the same placeholder', async (t) => {
  const by = (detector: string) => Buffer.from(edit('xy', [finding(0, 2, { detector })]).body).toString()
  t.equal(by('a-new-detector'), by('the-one-before'))
})

t.test('in place of a number in JSON that a model wrote stands a string', async (t) => {
  const text = JSON.stringify({ arguments: JSON.stringify({ card: -4539578763621486, note: '4539578763621486' }) })
  const at = (start: number, length: number) =>
    finding(start, start + length, { escaping: 'json', isJson: true, detector: 'card' })
  const first = text.indexOf('4539')
  const { body, values } = edit(text, [at(first, 8), at(first + 10, 6), at(text.indexOf('4539', first + 1), 16)])
  const outer = JSON.parse(Buffer.from(body).toString()) as { arguments: string }
  const [number, string] = [
    placeholderFor(placeholders, '-4539578763621486'),
    placeholderFor(placeholders, '4539578763621486'),
  ]
  t.strictSame(JSON.parse(outer.arguments), { card: number, note: string })
  t.equal(values.get(number)?.value, '-4539578763621486')
})

t.test('what cannot be written back where it stood is replaced, and not told', async (t) => {
  const { body, values } = edit('{"a":"b"}', [finding(2, 7, { isJson: true })])
  t.match(Buffer.from(body).toString(), /^\{"WEIR[A-Z2-7]{12}"\}$/u)
  t.equal(values.size, 0)
})

t.test('spans outside the body are left out', async (t) => {
  t.equal(redact('abc', [finding(-1, 2), finding(2, 9), finding(2, 2)]), 'abc')
})

t.test('every byte outside the spans stays, in order', async () => {
  const span = fc.tuple(fc.nat(60), fc.nat(10))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.array(span, { maxLength: 5 }), (body, spans) => {
      const findings = spans.map(([start, length]) => finding(start, Math.min(start + length, body.length)))
      const { body: marked } = redactBody(body, { findings, severities: all }, placeholders)
      const inside = (at: number): boolean => findings.some(({ start, end }) => start <= at && at < end)
      let at = 0
      for (let from = 0; from < body.length; from += 1) {
        if (!inside(from)) {
          if (marked[at] !== body[from]) return false
          at += 1
        } else if (
          !inside(from - 1) ||
          findings.some(
            ({ start, end }) =>
              start === from && start < end && !findings.some((other) => other.start < from && from < other.end),
          )
        )
          at += 16
      }
      return at === marked.length
    }),
  )
})
