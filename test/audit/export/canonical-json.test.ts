import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../../src/audit/export/canonical-json.ts'

t.test('any JSON is written as an RFC 8785 library writes it', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => canonicalJson(value) === canonicalize(value)),
  )
})

t.test('keys stand in the order of their code units, missing members are left out', async (t) => {
  t.equal(canonicalJson({ b: undefined, '\ufb01': 1, '😀': 2, a: [undefined, 1] }), '{"a":[null,1],"😀":2,"ﬁ":1}')
  t.equal(canonicalJson({ a: undefined }), '{}')
  t.equal(canonicalJson({ a: { 9: 1, 10: 2, b: 3 } }), '{"a":{"10":2,"9":1,"b":3}}', 'numbers are keys like others')
  t.equal(canonicalJson(JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}')), '{"__proto__":{"a":2,"z":1},"b":1}')
})

t.test('text without a UTF-8 form gets one, and what is no JSON is refused', async (t) => {
  t.equal(canonicalJson({ '\ud800': 'x\udc00' }), '{"\ufffd":"x\ufffd"}')
  t.throws(() => canonicalJson(Number.NaN), TypeError)
  t.throws(() => canonicalJson(1n), TypeError)
})
