import t from 'tap'
import { authorityOf, requestUrl } from '../../../src/audit/export/request-url.ts'

t.test('the usual port is left out, IPv6 stands in brackets', async (t) => {
  const of = (host: string, port: number, scheme: string, path?: string) =>
    requestUrl({ destination: { host, port, scheme }, path })
  t.equal(of('a.example', 443, 'https', '/x'), 'https://a.example/x')
  t.equal(of('a.example', 8443, 'https', '/x'), 'https://a.example:8443/x')
  t.equal(of('::1', 80, 'http'), 'http://[::1]/')
  t.equal(requestUrl({ destination: { host: 'a', port: 1 } }), undefined)
  t.equal(authorityOf('a', undefined), 'a')
})
