import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { formatField, isPlainName, type JsonKeys, jsonParts } from '../../src/dialects/json-parts.ts'
import { dialectById } from '../../src/dialects/registry.ts'
import { DIALECTS } from '../../src/domain/tool.ts'
import { shownParts } from './part-rows.ts'

const KEYS: JsonKeys = {
  names: new Set(['type', 'id']),
  signed: new Set(['signature']),
  free: new Set(['input']),
  signedInside: new Set(['sealed']),
}

function read(text: string, within?: string) {
  const body = Buffer.from(text)
  const result = jsonParts({ body, keys: KEYS, ...(within === undefined ? {} : { within }) })
  return result.ok ? shownParts(body, result.parts) : null
}

t.test('what a key means ends where a free container begins', async (t) => {
  t.strictSame(
    read('{"type":"word","input":{"type":"word","signature":"s","sealed":{"a":"b"}},"sealed":{"input":{"a":"b"}}}'),
    {
      'input.type': 'word',
      'input.signature': 's',
      'input.sealed.a': 'b',
      '!sealed.input.a': 'b',
    },
  )
})

t.test('a name that is long enough for a secret is reported as a name, and so is a key', async (t) => {
  const secret = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
  const parts = (text: string) => {
    const result = jsonParts({ body: Buffer.from(text), keys: KEYS })
    return result.ok ? result.parts.map(({ field, isName }) => [field, isName]) : null
  }
  t.strictSame(parts(`{"id":"${secret}"}`), [['id', true]])
  t.strictSame(parts(`{"id":"${'A'.repeat(16)}"}`), [['id', true]])
  t.strictSame(parts('{"id":"function_call_output","type":"AKIA"}'), [])
  t.strictSame(parts(`{"${secret}":1}`), [['*', false]])
  t.strictSame(parts(`{"a":{"${secret}":"x"}}`), [
    ['a.*', false],
    ['a.*', false],
  ])
  t.strictSame(parts('{"cache_creation_input_tokens":1,"x1":2}'), [])
})

t.test('pictures are left out where pictures stand, not where texts do', async (t) => {
  const picture = `iVBORw0KGgo${'A'.repeat(400)}`
  t.strictSame(read(`{"image_url":{"url":"${picture}"},"source":{"data":"${picture}"}}`), {})
  t.strictSame(Object.keys(read(`{"text":"${picture}","content":["${picture}"]}`) ?? {}), ['text', 'content[0]'])
})

t.test('a prefix stands before the field', async (t) => {
  t.strictSame(read('{"a":["b"]}', 'form'), { 'form.a[0]': 'b' })
  t.strictSame(read('["b"]', 'form'), { 'form[0]': 'b' })
})

t.test('a name is plain only while it cannot be anything else', async (t) => {
  const isPlain = (text: string) => isPlainName(Buffer.from(text), 0, Buffer.byteLength(text))
  for (const text of [
    'user',
    'toolu_01ABC',
    'ephemeral',
    '1',
    '2.0',
    'application/json',
    'a/b-c:0',
    'claude-opus-5-5',
    '',
  ]) {
    t.ok(isPlain(text), text)
  }
  for (const text of [
    'a b',
    'a@b.example',
    '4111111111111111',
    '110105194912310021',
    'x'.repeat(81),
    'é',
    '138-0013-8000',
    'a\\n',
  ]) {
    t.notOk(isPlain(text), text)
  }
})

t.test('fields never show keys that hold data, and stay short', async (t) => {
  t.equal(formatField(['a', 0, 'b@c', 'd']), 'a[0].*.d')
  t.equal(formatField(['x'.repeat(40)]), '*')
  t.ok(formatField(Array.from({ length: 400 }, () => 'deep')).length < 80)
})

t.test('in every dialect each string of a document is a part, or a plain name, or empty', async (t) => {
  const keys = fc.constantFrom(
    'type',
    'id',
    'input',
    'signature',
    'content',
    'thinking',
    'data',
    'source',
    'args',
    'x',
    'a b',
  )
  const { tree } = fc.letrec<{ tree: unknown; node: unknown }>((tie) => ({
    tree: fc.dictionary(keys, tie('node'), { maxKeys: 5 }),
    node: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'binary' }),
      tie('tree'),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  }))
  const strings = (value: unknown): string[] =>
    typeof value === 'string'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, item]) => [...(key === 'a b' ? [key] : []), ...strings(item)])
        : []
  fc.assert(
    fc.property(tree, fc.constantFrom(...DIALECTS), (value, id) => {
      const body = Buffer.from(JSON.stringify(value))
      const result = dialectById(id).textParts(body, 'application/json')
      if (!result.ok) return false
      const seen = result.parts.map((part) => JSON.parse(`"${body.toString('utf8', part.start, part.end)}"`) as string)
      const isPlain = (text: string) => isPlainName(Buffer.from(text), 0, Buffer.byteLength(text))
      return strings(value).every((text) => text === '' || isPlain(text) || seen.includes(text))
    }),
    { numRuns: 500 },
  )
  t.pass('500 documents')
})

t.test('parts stand in order without overlap, and replacing them leaves a document', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => {
      const body = Buffer.from(JSON.stringify(value))
      const result = dialectById('generic').textParts(body, 'application/json')
      if (!result.ok) return false
      let at = 0
      let edited = ''
      for (const { start, end } of result.parts) {
        if (start < at || end <= start) return false
        edited += `${body.toString('utf8', at, start)}REDACTED`
        at = end
      }
      JSON.parse(edited + body.toString('utf8', at))
      return true
    }),
    { numRuns: 500 },
  )
  t.pass('500 documents')
})

t.test('in arrays inside each other the name of a leaf is the nearest above them', async (t) => {
  const [open, close] = ['['.repeat(500), ']'.repeat(500)]
  t.strictSame(read(`{"a":{"signature":${open}"x"${close}},"id":[["plain",{"signature":["z"]},["free text"]]]}`), {
    '!a.signature[0][0][0][0][0][0][0][0][0][0]…': 'x',
    '!id[0][1].signature[0]': 'z',
    'id[0][2][0]': 'free text',
  })
})
