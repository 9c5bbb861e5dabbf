import fc from 'fast-check'
import t from 'tap'
import { type TenantValueShape, tenantValue } from '../../src/policy/tenant-values.ts'

const UUID = '1f0c2b9e-1c6e-4a5e-9d1b-0123456789ab'
const OTHER = '2f0c2b9e-1c6e-4a5e-9d1b-0123456789AB'

/** Shape, what IT writes, what is sent (`null`: refused). */
const VALUES: readonly (readonly [TenantValueShape, readonly string[], string | null])[] = [
  ['uuids', [UUID], UUID],
  ['uuids', [`${UUID}, ${OTHER}`], `${UUID},${OTHER}`],
  ['uuids', [UUID, OTHER], `${UUID},${OTHER}`],
  ['uuids', [''], null],
  ['uuids', [`${UUID},`], null],
  ['uuids', ['acme'], null],
  ['uuids', [`{${UUID}}`], null],
  ['uuids', new Array<string>(101).fill(UUID), null],
  ['uuid', [UUID], UUID],
  ['uuid', [`${UUID},${OTHER}`], null],
  ['domains', ['example.com, sub.example.co.uk'], 'example.com,sub.example.co.uk'],
  ['domains', ['*.example.com'], null],
  ['domains', ['https://example.com'], null],
  ['domains', ['example'], null],
  ['domains-or-uuids', [`example.com,${UUID}`], `example.com,${UUID}`],
  ['domains-or-uuids', ['acme'], null],
  ['enterprise-ids', ['12345'], '12345'],
  ['enterprise-ids', new Array<string>(20).fill('1'), new Array<string>(20).fill('1').join(',')],
  ['enterprise-ids', new Array<string>(21).fill('1'), null],
  ['tenant-policy', [`${UUID}:${OTHER}`], `${UUID}:${OTHER}`],
  ['tenant-policy', [UUID], null],
  ['restrict-msa', ['restrict-msa'], 'restrict-msa'],
  ['restrict-msa', ['restrict'], null],
  ['slack-id', ['T12345678'], 'T12345678'],
  ['slack-id', ['T12345678,E12345678'], null],
  ['slack-ids', ['T12345678,E12345678'], 'T12345678,E12345678'],
  ['slack-ids', ['acme'], null],
  ['team-ids', ['dbtid:AABBccdd_-1'], 'dbtid:AABBccdd_-1'],
  ['team-ids', ['a b'], null],
  ['token', ['policy-1'], 'policy-1'],
  ['token', ['a\r\nb'], null],
  ['youtube', ['Strict'], 'Strict'],
  ['youtube', ['strict'], null],
]

t.test('a value is checked, written as vendors read it, or refused with what to write', async (t) => {
  for (const [shape, written, sent] of VALUES) {
    const result = tenantValue(shape, written)
    t.equal(result.ok ? result.value : null, sent, `${shape}: ${written.join(' | ').slice(0, 80)}`)
    if (!result.ok) t.match(result.advice, /write|only value/u)
  }
})

const decode = (value: string): unknown => JSON.parse(Buffer.from(value, 'base64url').toString())
const STRICT = { resources: ['organizations/123456789'], options: 'strict' }

t.test('Google resources may be written plainly, as JSON or encoded, and are sent as web-safe base64', async (t) => {
  const json = JSON.stringify(STRICT)
  for (const written of [
    'organizations/123456789',
    json,
    Buffer.from(json).toString('base64url'),
    Buffer.from(json).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
  ]) {
    const result = tenantValue('google-resources', [written])
    t.ok(result.ok, written)
    if (!result.ok) continue
    t.match(result.value, /^[A-Za-z0-9_-]+={0,2}$/u)
    t.equal(result.value.length % 4, 0, 'padded')
    t.strictSame(decode(result.value), STRICT, written)
  }
  const two = tenantValue('google-resources', ['organizations/1', 'organizations/2'])
  if (two.ok) t.strictSame(decode(two.value), { resources: ['organizations/1', 'organizations/2'], options: 'strict' })
  t.ok(two.ok)
})

t.test('Google resources that are none are refused', async (t) => {
  for (const written of [
    '123456789',
    'organizations/acme',
    'projects/1',
    '{"resources":[]}',
    '{"resources":["organizations/1"],"options":"lax"}',
    '{"resources":["organizations/1"],"options":"strict","more":1}',
    '{broken',
    Buffer.from('{"resources":["projects/1"]}').toString('base64url'),
    '',
  ]) {
    t.notOk(tenantValue('google-resources', [written]).ok, written)
  }
})

const SHAPES: TenantValueShape[] = [...new Set(VALUES.map(([shape]) => shape)), 'google-resources']

t.test('whatever is written, what is sent fits into one header line', async (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), fc.array(fc.string({ unit: 'binary' })), (shape, written) => {
      const result = tenantValue(shape, written)
      if (result.ok) t.match(result.value, /^[\x21-\x7e]{1,4096}$/u)
    }),
    { numRuns: 500 },
  )
  t.pass('on every value tried')
})
