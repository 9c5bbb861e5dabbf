import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { canonicalText, inertJson } from '../../src/audit/inert-json.ts'

t.test(
  'what RFC 8785 would leave raw stands as visible text, lone surrogates as the replacement character',
  async (t) => {
    t.equal(inertJson('\u0085\u2028\u202e\ufeff'), '"\\\\u0085\\\\u2028\\\\u202e\\\\ufeff"')
    t.equal(inertJson('\ud800a\udfff\\ud800\u{1f600}'), '"\ufffda\ufffd\\\\ud800\u{1f600}"')
    t.equal(inertJson({ a: 'é', b: '\n\u001f' }), '{"a":"é","b":"\\n\\u001f"}')
  },
)

t.test('keys are sorted by code unit at every level after they were made inert', async (t) => {
  t.equal(canonicalText({ b: [{ z: 1, 9: 1, 10: 1 }], a: 1 }), '{"a":1,"b":[{"10":1,"9":1,"z":1}]}')
  t.equal(canonicalText({ '\u202e': 1, z: 2, '\n': 3, '\\': 4 }), '{"\\n":3,"\\\\":4,"\\\\u202e":1,"z":2}')
  t.equal(canonicalText(JSON.parse('{"__proto__":1,"a":"\\ud800"}')), '{"__proto__":1,"a":"\ufffd"}')
  t.equal(canonicalText({ at: new Date(0), n: Number.NaN, u: undefined }), '{"at":"1970-01-01T00:00:00.000Z","n":null}')
})

t.test('any value has a canonical text that reads back as itself', async () => {
  const key = fc.string({ unit: 'grapheme-ascii' }).map((text) => text.replace(/[\\"]/g, '_'))
  fc.assert(
    fc.property(fc.anything({ key, values: [fc.string({ unit: 'binary' }), fc.double(), fc.boolean()] }), (value) => {
      const text = canonicalText(value)
      return canonicalize(JSON.parse(text)) === text && canonicalText(JSON.parse(text)) === text
    }),
  )
})

t.test('a value that is too large is replaced by its size, one that is no JSON by null', async (t) => {
  t.equal(canonicalText('x'.repeat(50_000)), '{"truncatedChars":50002}')
  t.equal(canonicalText(undefined), 'null')
  t.equal(
    canonicalText(() => 1),
    'null',
  )
  t.equal(canonicalText(null), 'null')
})
