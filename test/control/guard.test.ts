import t from 'tap'
import { rawGet, sendRaw, startControl, TOKEN } from './fixture.ts'

t.test('a client outside the networks gets 403, whatever it asks', async (t) => {
  const { get } = await startControl(t, {}, { networks: ['10.0.0.0/8'] })
  for (const path of ['/livez', '/metrics', '/api/v1/events', '/nothing']) {
    const answer = await get(path)
    t.equal(answer.status, 403, path)
    t.match(answer.headers.get('content-type'), /problem\+json/)
  }
})

t.test('a foreign, missing or repeated Host is not served', async (t) => {
  const { address } = await startControl(t)
  const port = address.split(':')[1] ?? ''
  const refused = [
    rawGet('/livez', 'host: evil.example'),
    rawGet('/livez', `host: evil.example:${port}`),
    rawGet('/livez', 'host: 127.0.0.1:1'),
    rawGet('/livez', 'host:'),
    rawGet('/livez', `host: ${address}`, 'host: evil.example'),
    rawGet('http://evil.example/livez', `host: ${address}`),
    'GET /livez HTTP/1.0\r\n\r\n',
  ]
  for (const request of refused)
    t.match(await sendRaw(address, request), /^HTTP\/1\.1 4(?:21|00) /, JSON.stringify(request))
  t.match(await sendRaw(address, rawGet('/livez', `host: ${address}`)), /^HTTP\/1\.1 200 /)
  t.match(await sendRaw(address, rawGet('/livez', `host: localhost:${port}`)), /^HTTP\/1\.1 200 /)
})

t.test('a foreign Host is refused before the token is looked at', async (t) => {
  const { address, recorded } = await startControl(t)
  const request = rawGet('/api/v1/events', 'host: evil.example', `authorization: Bearer ${TOKEN}`)
  t.match(await sendRaw(address, request), /^HTTP\/1\.1 421 /)
  t.strictSame(recorded, [])
})

t.test('every answer, also an error, forbids framing, sniffing, scripts and storing', async (t) => {
  const { get } = await startControl(t)
  for (const path of ['/livez', '/metrics', '/api/v1/snapshot', '/api/v1/nothing', '/nothing', '/api/v1/events?x=1']) {
    const { headers } = await get(path)
    t.match(headers.get('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/, path)
    t.equal(headers.get('x-content-type-options'), 'nosniff')
    t.equal(headers.get('x-frame-options'), 'DENY')
    t.equal(headers.get('cache-control'), 'no-store')
    t.equal(headers.get('strict-transport-security'), null)
  }
})

t.test('no page of another origin may read answers', async (t) => {
  const { address } = await startControl(t)
  const url = `http://${address}/api/v1/events`
  const origin = 'https://evil.example'
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
  const read = await fetch(url, { headers: { origin, authorization: `Bearer ${TOKEN}` } })
  t.equal(preflight.ok, false)
  for (const answer of [preflight, read]) t.equal(answer.headers.get('access-control-allow-origin'), null)
})
