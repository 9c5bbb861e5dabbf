import fc from 'fast-check'
import t from 'tap'
import { textView } from '../../src/inspect/text-view.ts'

type Escaping = 'json' | 'form' | 'plain'
const view = (source: string | Uint8Array, escaping: Escaping, lead = '') => {
  const body = Buffer.concat([Buffer.from(lead), Buffer.from(source), Buffer.from('tail')])
  return textView(body, { start: Buffer.byteLength(lead), end: body.length - 4, escaping })
}
const offsets = (source: string, escaping: Escaping): number[] => {
  const { text, byteAt } = view(source, escaping)
  return [...Array(text.length + 1).keys()].map(byteAt)
}

t.test('escapes are undone and every unit knows its first byte', async (t) => {
  const rows: readonly [source: string, escaping: Escaping, text: string, offsets: number[]][] = [
    ['ab', 'plain', 'ab', [0, 1, 2]],
    ['a\\nb', 'plain', 'a\\nb', [0, 1, 2, 3, 4]],
    ['a\\nb', 'json', 'a\nb', [0, 1, 3, 4]],
    ['\\u002dx', 'json', '-x', [0, 6, 7]],
    ['é\\"中', 'json', 'é"中', [0, 2, 4, 7]],
    ['\\ud83d\\ude00!', 'json', '😀!', [0, 6, 12, 13]],
    ['😀!', 'json', '😀!', [0, 0, 4, 5]],
    ['a+b%20c', 'form', 'a b c', [0, 1, 2, 3, 6, 7]],
    ['%E4%B8%AD%', 'form', '中%', [0, 9, 10]],
    ['%zz%2', 'form', '%zz%2', [0, 1, 2, 3, 4, 5]],
    ['', 'json', '', [0]],
  ]
  for (const [source, escaping, text, expected] of rows) {
    t.equal(view(source, escaping).text, text, `${escaping} ${source}`)
    t.strictSame(offsets(source, escaping), expected, `${escaping} ${source}: offsets`)
  }
})

t.test('offsets count from the start of the body', async (t) => {
  const { byteAt } = view('é\\nx', 'json', '{"k":"é')
  t.equal(byteAt(0), 8)
  t.equal(byteAt(2), 12)
})

t.test('a broken escape is read as it stands', async (t) => {
  t.equal(view('a\\qb\\u12', 'json').text, 'a\\qb\\u12')
  t.equal(view('end\\', 'json').text, 'end\\')
})

t.test('bytes that are not UTF-8 are read one by one', async (t) => {
  const { text, byteAt } = view(Buffer.from([0x61, 0xff, 0x62]), 'plain')
  t.equal(text, 'aÿb')
  t.equal(byteAt(2), 2)
  t.equal(view('%FFa', 'form').text, 'ÿa')
})

t.test('JSON strings of every kind are read as JSON.parse reads them', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isAscii) => {
      const written = JSON.stringify(text).slice(1, -1)
      const source = isAscii ? written.replace(/[^\x20-\x7e]/g, (unit) => unicodeEscapes(unit)) : written
      return view(source, 'json').text === JSON.parse(`"${Buffer.from(source).toString()}"`)
    }),
  )
})

t.test('every span of the text is the same text in the body', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }), (before, wanted) => {
      const source = JSON.stringify(before + wanted).slice(1, -1)
      const { text, byteAt } = view(source, 'json')
      const span = Buffer.from(source).subarray(byteAt(before.length), byteAt(text.length)).toString()
      return JSON.parse(`"${span}"`) === wanted
    }),
  )
})

t.test('form values are read as URLSearchParams reads them', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const written = new URLSearchParams({ v: value }).toString().slice(2)
      return view(written, 'form').text === new URLSearchParams(`v=${written}`).get('v')
    }),
  )
})

t.test('random bytes never throw, and offsets never go back', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom('json', 'form', 'plain'), (bytes, escaping) => {
      const { text, byteAt } = view(bytes, escaping)
      const all = [...Array(text.length + 1).keys()].map(byteAt)
      return all.at(-1) === bytes.length && all.every((offset, index) => index === 0 || offset >= (all[index - 1] ?? 0))
    }),
  )
})

function unicodeEscapes(text: string): string {
  return [...Array(text.length).keys()]
    .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
