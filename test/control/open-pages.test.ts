import t from 'tap'
import { rawGet, sendRaw, startControl } from './fixture.ts'

const NO_TOKEN = {}

t.test('the probes answer without a token', async (t) => {
  const { get } = await startControl(t)
  const livez = await get('/livez', NO_TOKEN)
  t.match(livez, { status: 200, text: 'ok' })
  const readyz = await get('/readyz', NO_TOKEN)
  t.strictSame(readyz.json, { ready: true, checks: { spool: true, store: true, tree: true, ca: true, rules: true } })
  t.equal(readyz.status, 200)
})

t.test('one failing check means not ready, and says which', async (t) => {
  const checks = { spool: true, store: false, tree: true, ca: true, rules: true }
  const { get } = await startControl(t, { readiness: { checks: () => checks } })
  const answer = await get('/readyz', NO_TOKEN)
  t.equal(answer.status, 503)
  t.strictSame(answer.json, { ready: false, checks })
  t.equal((await get('/livez', NO_TOKEN)).status, 200, 'it lives all the same')
})

t.test('a stopping proxy is not ready although all its parts work', async (t) => {
  const checks = { spool: true, store: true, tree: true, ca: true, rules: true }
  const { get } = await startControl(t, { readiness: { checks: () => checks, isDraining: () => true } })
  t.match(await get('/readyz', NO_TOKEN), { status: 503, json: { ready: false, checks } })
})

t.test('what is wrong without making it unready is said', async (t) => {
  const checks = { spool: true, store: true, tree: true, ca: true, rules: true }
  const details = { store: '`events-n1-w0-000000000001.jsonl.zst` cannot be read' }
  const { get } = await startControl(t, { readiness: { checks: () => checks, details: () => details } })
  t.match(await get('/readyz', NO_TOKEN), { status: 200, json: { ready: true, checks, details } })
})

t.test('metrics are in Prometheus text format', async (t) => {
  const { get } = await startControl(t)
  const answer = await get('/metrics', NO_TOKEN)
  t.match(answer.text, /^# TYPE weir_connections gauge$/m)
  t.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
})

t.test('the PAC file names the proxy and has its own media type', async (t) => {
  const { get } = await startControl(t)
  const answer = await get('/proxy.pac', NO_TOKEN)
  t.equal(answer.headers.get('content-type'), 'application/x-ns-proxy-autoconfig')
  t.match(answer.text, /PROXY 127\.0\.0\.1:3128/)
})

t.test('a proxy on all addresses is named as the admin port was asked for', async (t) => {
  const { address } = await startControl(t, {}, { publicUrl: 'http://weir.acme.example' })
  t.match(await sendRaw(address, rawGet('/proxy.pac', 'host: weir.acme.example')), /PROXY weir\.acme\.example:3128/)
  t.match(await sendRaw(address, rawGet('/proxy.pac', `host: ${address}`)), /PROXY 127\.0\.0\.1:3128/)
})

t.test('the PAC file is sent again only when it is another one', async (t) => {
  let hosts = ['a.example']
  const pac = () => ({
    proxies: [{ keyword: 'PROXY', host: '::1', port: 3128 } as const],
    ...{ hosts, patterns: [], isEveryHost: false, direct: [] },
  })
  const { get } = await startControl(t, { pac })
  const first = await get('/proxy.pac', NO_TOKEN)
  t.match(first.text, /"PROXY \[::1\]:3128"/)
  t.equal(first.headers.get('cache-control'), 'no-cache')
  const held = { 'if-none-match': first.headers.get('etag') ?? '' }
  t.match(await get('/proxy.pac', held), { status: 304, text: '' })
  hosts = ['b.example']
  t.match(await get('/proxy.pac', held), { status: 200, text: /b\.example/u })
})

t.test(
  'browsers that look for a proxy by themselves find it under the name wpad, and nothing else there',
  async (t) => {
    const { address } = await startControl(t)
    for (const host of ['wpad', 'wpad.acme.example', 'WPAD.acme.example:80']) {
      t.match(
        await sendRaw(address, rawGet('/wpad.dat', `host: ${host}`)),
        /^HTTP\/1\.1 200 [^]*FindProxyForURL/u,
        host,
      )
      t.match(await sendRaw(address, rawGet('/proxy.pac', `host: ${host}`)), /^HTTP\/1\.1 421 /u, host)
    }
    t.match(await sendRaw(address, rawGet('/wpad.dat', 'host: evil.example')), /^HTTP\/1\.1 421 /u)
  },
)

t.test('before the start there is no proxy to name', async (t) => {
  const pac = () => ({ proxies: [], hosts: [], patterns: [], isEveryHost: false, direct: [] })
  const { get } = await startControl(t, { pac })
  t.equal((await get('/proxy.pac', NO_TOKEN)).status, 503)
})

t.test('only certificates leave through ca.pem', async (t) => {
  const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const rootPem = (): string => `-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n${certificate}`
  const { get } = await startControl(t, { ca: { rootPem } })
  const answer = await get('/ca.pem', NO_TOKEN)
  t.equal(answer.text, certificate)
  t.match(answer.headers.get('content-disposition'), /weir-ca\.pem/)
})

t.test('without a root certificate ca.pem says so', async (t) => {
  const { get } = await startControl(t, { ca: { rootPem: () => '' } })
  t.match(await get('/ca.pem', NO_TOKEN), { status: 503, json: { status: 503 } })
})
