import fc from 'fast-check'
import t from 'tap'
import { announcesBody, headerValue, headerValues } from '../../src/domain/headers.ts'

t.test('names are found in any case, values come as they are', async (t) => {
  const headers = ['Host', 'a', 'COOKIE', ' one ', 'cookie', 'two', 'X-Host', 'b']
  t.equal(headerValue(headers, 'host'), 'a')
  t.equal(headerValue(headers, 'cookie'), ' one ', 'the first of several')
  t.strictSame(headerValues(headers, 'cookie'), [' one ', 'two'])
  t.equal(headerValue(headers, 'x-hos'), null)
  t.strictSame(headerValues(headers, 'accept'), [])
})

t.test('a value that looks like a name is no name, and an odd end is no pair', async (t) => {
  t.equal(headerValue(['X', 'host', 'Y', 'b'], 'host'), null)
  t.strictSame(headerValues(['X', 'host', 'Y', 'b'], 'host'), [])
  t.equal(headerValue(['Host'], 'host'), null)
  t.strictSame(headerValues(['Host'], 'host'), [])
})

t.test('both agree with the plain definition on all lists', async (t) => {
  const name = fc.constantFrom('Host', 'HOST', 'host', 'Accept', 'x')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (pairs) => {
      const values = pairs.filter(([key]) => key.toLowerCase() === 'host').map(([, value]) => value)
      const flat = pairs.flat()
      return (
        headerValue(flat, 'host') === (values[0] ?? null) &&
        JSON.stringify(headerValues(flat, 'host')) === JSON.stringify(values)
      )
    }),
  )
  t.pass('for all lists')
})

t.test('a head announces a body by its length or its coding, not by nothing', async (t) => {
  t.ok(announcesBody(['Content-Length', '1']))
  t.ok(announcesBody(['transfer-Encoding', 'chunked']))
  for (const headers of [[], ['Content-Length', '0'], ['content-type', 'text/plain']]) t.notOk(announcesBody(headers))
})
