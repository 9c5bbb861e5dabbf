import fc from 'fast-check'
import t from 'tap'
import { requestFields, responseFields, trailerFields } from '../../src/upstream/http2-head.ts'

const destination = { scheme: 'https', host: 'a.example', port: 443 } as const
const fields = (headers: string[], port = 443): string[] =>
  requestFields({ destination: { ...destination, port }, method: 'POST', target: '/p', headers, body: null })

t.test('Host becomes the authority, and without one the destination does', (t) => {
  t.strictSame(fields(['Host', 'A.example:443']).slice(4, 6), [':authority', 'A.example:443'])
  t.strictSame(fields([]).slice(4, 6), [':authority', 'a.example'])
  t.strictSame(fields([], 8443).slice(4, 6), [':authority', 'a.example:8443'])
  t.end()
})

t.test('lines of one HTTP/1 connection stay behind; `te` says trailers or nothing', (t) => {
  t.strictSame(fields(['Connection', 'x', 'Upgrade', 'y', 'Transfer-Encoding', 'chunked', 'TE', 'gzip']).slice(8), [])
  t.strictSame(fields(['TE', 'gzip, trailers']).slice(8), ['te', 'trailers'])
  t.end()
})

t.test('whatever the names of trailers are, repeats are kept in order and nothing is thrown', (t) => {
  const named = fc.array(fc.tuple(fc.constantFrom('X-A', 'x-a', '__proto__', ':status', 'host'), fc.string()))
  fc.assert(
    fc.property(named, (pairs) => {
      const kept = pairs.filter(([name]) => name.toLowerCase() === 'x-a').map(([, value]) => value)
      t.strictSame(trailerFields(pairs.flat())['x-a'] ?? [], kept)
    }),
    { numRuns: 30 },
  )
  t.end()
})

t.test('the status comes apart from the lines', (t) => {
  t.strictSame(responseFields([':status', '204', 'a', 'b']), { status: 204, headers: ['a', 'b'] })
  t.end()
})
