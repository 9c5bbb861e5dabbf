import fc from 'fast-check'
import t from 'tap'
import { OUTLINE_BYTES, outlineJson } from '../../src/wire/json-outline.ts'

const outline = (text: string) => outlineJson(Buffer.from(text))
const shown = (text: string): Record<string, string | null> =>
  Object.fromEntries([...(outline(text) ?? [])].map(([path, { kind, text: value }]) => [path, value ?? kind]))

t.test('keys, kinds and short texts are told by their paths', async (t) => {
  t.strictSame(shown('{"model":"m","n":-1.5e3,"s":true,"z":null,"a":[{"b":"x"},{"b":"y","c":[]}],"o":{"p":{}}}'), {
    model: 'm',
    n: 'number',
    s: 'boolean',
    z: 'null',
    a: 'array',
    'a[]': 'object',
    'a[].b': 'x',
    'a[].c': 'array',
    o: 'object',
    'o.p': 'object',
  })
})

t.test('texts that are long or have escapes are told by their kind alone, and end where they end', async (t) => {
  t.strictSame(shown(`{"a":"${'x'.repeat(121)}","b":"\\"q\\\\","c":"\\\\\\"","d":"e"}`), {
    a: 'string',
    b: 'string',
    c: 'string',
    d: 'e',
  })
})

t.test('what is no object has no outline', async (t) => {
  for (const text of ['', ' ', '[1]', '"a"', 'a=b', '\0\0', '42["x"]']) t.equal(outline(text), null, text)
})

t.test('a byte order mark and spaces do not hide it', async (t) => {
  t.ok(outlineJson(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('\r\n {"a" : 1}')]))?.has('a'))
})

t.test('only so many bytes, paths and levels are looked at', async (t) => {
  t.notOk(outline(`{"a":"${'x'.repeat(OUTLINE_BYTES)}","late":1}`)?.has('late'))
  const many = `{${Array.from({ length: 5000 }, (_, index) => `"k${index}":1`).join()}}`
  t.equal(outline(many)?.size, 200)
  t.ok((outline('{"a":'.repeat(5000))?.size ?? 0) <= 6)
})

t.test('whatever is cut off or broken, nothing is thrown, and what came before stays', async (t) => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 3 }), fc.nat(), (value, cut) => {
      const bytes = Buffer.from(JSON.stringify(value))
      const whole = outlineJson(bytes)
      const part = outlineJson(bytes.subarray(0, cut % (bytes.length + 1)))
      return [...(part ?? [])].every(([path, { kind }]) => whole?.get(path)?.kind === kind)
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => (outlineJson(bytes)?.size ?? 0) <= 200))
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'a', '1', ' ') }),
      (text) => {
        outline(`{${text}`)
      },
    ),
  )
  t.pass('nothing was thrown')
})

t.test('of a long array the first elements are told, and what comes behind it all the same', async (t) => {
  const items = Array.from({ length: 50 }, (_, index) => ({ id: index, [`k${index}`]: '"}],[{' }))
  const found = shown(JSON.stringify({ items, numbers: [1, 2, 3, 4, 5, 'x', [6]], model: 'm' }))
  t.match(found, { 'items[].k0': 'string', 'items[].k3': 'string', model: 'm' })
  t.notOk('items[].k4' in found)
})
