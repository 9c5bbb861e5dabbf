import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { FORM_MAX_FIELDS, formSpans } from '../../src/wire/form-spans.ts'

const read = (text: string) => {
  const bytes = Buffer.from(text)
  return (formSpans(bytes) ?? []).map((span) => [span.name, bytes.toString('utf8', span.start, span.end)])
}

t.test('each field has its name and value, a field without = is all value', async (t) => {
  t.strictSame(read('a=1&b=2%203&c=&d&=e&&f=g=h'), [
    ['a', '1'],
    ['b', '2%203'],
    ['c', ''],
    ['', 'd'],
    ['', 'e'],
    ['f', 'g=h'],
  ])
  t.strictSame(read(''), [])
})

t.test('names and values are those that URLSearchParams reads', async (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 10 })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (fields) => {
      const form = new URLSearchParams(fields).toString()
      const decode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '))
      const seen = read(form).map(([name, value]) => [decode(name ?? ''), decode(value ?? '')])
      // URLSearchParams keeps `=` for a field with neither name nor value.
      return JSON.stringify(seen) === JSON.stringify([...new URLSearchParams(form)])
    }),
  )
  t.pass('100 forms')
})

t.test('every byte but the separators stands in some span, whatever the bytes are', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const covered = new Set(
        (formSpans(bytes) ?? []).flatMap((span) => [
          ...Array.from({ length: span.nameEnd - span.nameStart }, (_, index) => span.nameStart + index),
          ...Array.from({ length: span.end - span.start }, (_, index) => span.start + index),
        ]),
      )
      return bytes.every((byte, index) => covered.has(index) || byte === 0x26 || byte === 0x3d)
    }),
    { numRuns: 500 },
  )
  t.pass('500 bodies')
})

t.test('more fields than any form has are refused', async (t) => {
  t.equal(formSpans(Buffer.from('a&'.repeat(FORM_MAX_FIELDS)))?.length, FORM_MAX_FIELDS)
  t.equal(formSpans(Buffer.from('a&'.repeat(FORM_MAX_FIELDS + 1))), null)
})
