import fc from 'fast-check'
import t from 'tap'
import {
  authenticatesConnection,
  endToEndHeaders,
  endToEndTrailers,
  reasonPhrase,
  withHeader,
} from '../../src/wire/headers.ts'

t.test('hop-by-hop lines stay here; the others keep case, order and repeats', async (t) => {
  const raw = ['X-B', '1', 'Connection', 'keep-alive, X-Hop', 'x-a', '2', 'X-B', '3', 'X-Hop', 'gone', 'TE', 'trailers']
  t.strictSame(endToEndHeaders(raw), ['X-B', '1', 'x-a', '2', 'X-B', '3'])
})

t.test('no proxy credential and no proxy header ever goes on', async (t) => {
  const raw = ['Proxy-Authorization', 'Basic eA==', 'proxy-connection', 'x', 'PROXY-Foo', 'y', 'Host', 'a']
  t.strictSame(endToEndHeaders(raw), ['Host', 'a'])
})

t.test('trailers lose what belongs to one hop and what frames or routes', async (t) => {
  const raw = ['Grpc-Status', '0', 'Proxy-Foo', 'y', 'TE', 'x', 'Host', 'a', 'Content-Length', '3', 'X-Sum', '7']
  t.strictSame(endToEndTrailers(raw), ['Grpc-Status', '0', 'X-Sum', '7'])
  t.strictSame(endToEndTrailers([]), [])
})

t.test('a Connection header cannot take away what frames or routes the message', async (t) => {
  const raw = [
    'Host',
    'a',
    'Content-Length',
    '3',
    'Connection',
    'host, content-length, authorization',
    'Authorization',
    'k',
  ]
  t.strictSame(endToEndHeaders(raw), ['Host', 'a', 'Content-Length', '3', 'Authorization', 'k'])
})

t.test('a replaced header stands where it stood, once', async (t) => {
  t.strictSame(withHeader(['A', '1', 'Content-Length', '5', 'B', '2'], 'content-length', '9'), [
    'A',
    '1',
    'Content-Length',
    '9',
    'B',
    '2',
  ])
  t.strictSame(withHeader(['A', '1'], 'content-length', '9'), ['A', '1', 'content-length', '9'])
})

t.test('lines without hop-by-hop names pass unchanged', async (t) => {
  const line = fc.tuple(fc.stringMatching(/^[xX]-[a-zA-Z]{1,8}$/u), fc.string({ maxLength: 10 }))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const raw = lines.flat()
      t.strictSame(endToEndHeaders(raw), raw)
    }),
    { numRuns: 100 },
  )
})

t.test('a reason phrase that node:http would throw on is left out', async (t) => {
  t.equal(reasonPhrase('Not Found'), 'Not Found')
  t.equal(reasonPhrase('\xe9t\xe9\t!'), '\xe9t\xe9\t!')
  for (const text of ['a\x01', 'a\r\nX: 1', '\u4e2d', '\x7f']) t.equal(reasonPhrase(text), '')
})

t.test('what speaks for a client to a proxy goes no further, however it is spelt', (t) => {
  const raw = ['Host', 'a', 'Proxy-Authorization', 'Basic x', 'X-AUTHENTICATED-user', 'eve', 'x-client-ip', '10.0.0.1']
  t.strictSame(endToEndHeaders([...raw, 'X-Client', 'stays', 'X-Client-Ip', '10.0.0.2']), [
    'Host',
    'a',
    'X-Client',
    'stays',
  ])
  t.end()
})

t.test('schemes that stand for a connection are told from those of a request', async (t) => {
  for (const value of ['NTLM TlRM', 'Negotiate YII=', ' negotiate x', 'ntlm', 'Nego2 x']) {
    t.ok(authenticatesConnection(['X', 'y', 'AUTHORIZATION', value]), value)
  }
  for (const value of ['Bearer ntlm', 'Basic x', 'NTLMish x', '']) {
    t.notOk(authenticatesConnection(['Authorization', value]), value)
  }
})
