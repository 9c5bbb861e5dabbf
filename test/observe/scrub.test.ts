import fc from 'fast-check'
import t from 'tap'
import { scrubFields, scrubText } from '../../src/observe/scrub.ts'

t.test('values under names of secrets, bodies, headers and queries are not written', async (t) => {
  const names =
    'authorization Proxy-Authorization cookie set-cookie apiKey api_key password passphrase secret clientSecret'
  const more =
    'token accessToken privateKey key cert pem pkcs12 signature credentials body headers rawHeaders query prompt text'
  for (const name of `${names} ${more}`.split(' ')) {
    t.strictSame(scrubFields({ [name]: 'hidden' }), { [name]: '[redacted]' }, name)
    t.strictSame(scrubFields({ a: { [name]: ['hidden'] } }), { a: { [name]: '[redacted]' } }, name)
  }
})

t.test('sizes, flags and ordinary names stay', async (t) => {
  const fields = {
    tokens: 812,
    hasKey: true,
    host: 'api.anthropic.com',
    code: 'dns-failed',
    count: 0,
    reason: null,
    tool: 'x',
  }
  t.strictSame(scrubFields(fields), fields)
})

t.test('URLs lose query, fragment and user info; paths lose their query', async (t) => {
  t.equal(scrubText('https://user:pass@a.example/x?key=1#f failed'), 'https://a.example/x failed')
  t.equal(scrubText('https://user@a.example/x'), 'https://a.example/x')
  t.equal(scrubText('/v1/messages?beta=true'), '/v1/messages')
  t.equal(scrubText('why? because'), 'why? because')
})

t.test('PEM blocks, credentials and key shapes are cut out of any text', async (t) => {
  const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----'
  t.equal(scrubText(`read ${pem} here`), 'read [pem] here')
  t.equal(scrubText('-----BEGIN PRIVATE KEY-----\nMHcCAQ'), '[pem]', 'also when its end is missing')
  t.equal(scrubText('got Bearer abcdef123456'), 'got Bearer [redacted]')
  t.equal(scrubText('invalid x-api-key sk-ant-REDACTED'), 'invalid x-api-key [redacted]')
})

t.test('errors are written with type, code, message, stack and cause, all of them scrubbed', async (t) => {
  const cause = Object.assign(new TypeError('at https://a.example/?k=v'), { code: 'ECONNRESET' })
  const { error } = scrubFields({ error: new Error('Bearer abcdef123456', { cause }) })
  t.match(error, { type: 'Error', message: 'Bearer [redacted]', cause: { type: 'TypeError', code: 'ECONNRESET' } })
  t.notMatch(JSON.stringify(error), /abcdef123456|k=v/)
})

t.test('objects of classes, bytes and functions are named, not opened', async (t) => {
  class Socket {
    key = 'hidden'
  }
  const at = new Date('2026-11-22T10:00:00.000Z')
  t.strictSame(
    scrubFields({
      a: new Socket(),
      b: Buffer.from('hidden'),
      c: () => 'hidden',
      d: 5n,
      e: at,
      f: new Date(Number.NaN),
    }),
    {
      a: '[object]',
      b: '[6 bytes]',
      c: '[function]',
      d: '5',
      e: '2026-11-22T10:00:00.000Z',
      f: null,
    },
  )
})

t.test('what never ends is cut: long texts, deep and circular objects, long lists', async (t) => {
  const circular: Record<string, unknown> = {}
  circular['again'] = circular
  t.match(JSON.stringify(scrubFields({ circular })), /\[deep\]/)
  t.ok(scrubText('x'.repeat(10_000)).length < 2_100)
  t.equal((scrubFields({ list: Array.from({ length: 500 }, () => 1) })['list'] as unknown[]).length, 50)
})

t.test('a getter that throws loses the fields, not the flow', async (t) => {
  const fields = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => {
      throw new Error('no')
    },
  })
  t.strictSame(scrubFields(fields as Record<string, unknown>), { fields: '[unreadable]' })
})

t.test('no text, however odd, keeps a character that steers a terminal or splits a line', async () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b[31m', '\u202e', '\u2028', '\u0085', '\r\n'),
  )
  fc.assert(
    fc.property(fc.array(odd), (parts) => {
      const line = JSON.stringify(scrubFields({ host: parts.join('') }))
      return !/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u.test(line)
    }),
  )
})

t.test('a PEM key inside any text and field never gets through', async () => {
  const name = fc.constantFrom('note', 'error', 'host', 'detail')
  fc.assert(
    fc.property(fc.string(), fc.string(), name, (before, after, field) => {
      const text = `${before}-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM\n-----END PRIVATE KEY-----${after}`
      return !JSON.stringify(scrubFields({ [field]: field === 'error' ? new Error(text) : text })).includes(
        'MIGHAgEAMBM',
      )
    }),
  )
})
