import t from 'tap'
import { isDohRequest } from '../../src/policy/doh-request.ts'
import { headOf } from './world.ts'

const withHeaders = (request: string, ...headers: string[]) => ({ ...headOf(request), headers })

t.test('a question to a resolver is told by its path, however it is written, or by its media type', async (t) => {
  for (const head of [
    headOf('GET https://r.example/dns-query'),
    headOf('POST https://r.example/dns-query'),
    headOf('GET https://r.example//dns%2Dquery'),
    headOf('GET https://r.example/dns-query/profile'),
    headOf('POST https://r.example/abc123/dns-query'),
    withHeaders('POST https://r.example/', 'Content-Type', 'application/dns-message'),
    withHeaders('POST https://r.example/x', 'content-type', 'Application/DNS-Message; x=1'),
    withHeaders('GET https://r.example/resolve', 'Accept', 'text/html, application/dns-json'),
    withHeaders('POST https://r.example/proxy', 'Content-Type', 'application/oblivious-dns-message'),
  ]) {
    t.ok(isDohRequest(head), `${head.method} ${head.path} ${head.headers.join(' ')}`)
  }
})

t.test('what only looks a little like it is none', async (t) => {
  for (const head of [
    headOf('GET https://r.example/'),
    headOf('GET https://r.example/dns-query-docs'),
    headOf('GET https://r.example/a/b/dns-query'),
    headOf('PUT https://r.example/dns-query'),
    withHeaders('POST https://r.example/', 'Content-Type', 'application/json'),
    withHeaders('POST https://r.example/', 'X-Type', 'application/dns-message'),
    withHeaders('POST https://r.example/', 'Content-Type', 'text/application/dns-message'),
  ]) {
    t.notOk(isDohRequest(head), `${head.method} ${head.path} ${head.headers.join(' ')}`)
  }
})
