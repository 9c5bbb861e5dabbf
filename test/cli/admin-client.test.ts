import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { adminUrl, askAdmin } from '../../src/cli/admin-client.ts'
import { configSchema } from '../../src/config/schema.ts'

const TOKEN = 'test-token-of-forty-characters-0123456789'

const configIn = (dir: string, admin: Record<string, unknown> = {}) => configSchema.parse({ data: { dir }, admin })

async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('the admin port is where the configuration says, on loopback when it is everywhere', async (t) => {
  t.equal(adminUrl(configIn('d')), 'http://127.0.0.1:3129')
  t.equal(adminUrl(configIn('d', { listen: '0.0.0.0:4000' })), 'http://127.0.0.1:4000')
  t.equal(adminUrl(configIn('d', { listen: '[::]:4000' })), 'http://[::1]:4000')
  t.equal(adminUrl(configIn('d', { publicUrl: 'https://weir.example.com' })), 'https://weir.example.com')
})

t.test('a call carries the token and gives the JSON of the answer', async (t) => {
  const seen: unknown[] = []
  const url = await serve(t, (request, response) => {
    request.setEncoding('utf8')
    request.on('data', (body: string) => seen.push(request.method, request.url, request.headers.authorization, body))
    request.on('end', () => response.end('{"items":[]}'))
  })
  const config = configIn(t.testdir({ 'admin.token': `${TOKEN}\n` }))
  const answer = await askAdmin({ config, url }, { method: 'POST', path: '/feedback', body: { a: 1 } })
  t.strictSame(answer, { ok: true, json: { items: [] } })
  t.strictSame(seen, ['POST', '/api/v1/feedback', `Bearer ${TOKEN}`, '{"a":1}'])
})

t.test('a refusal is told in its own words, with every problem', async (t) => {
  let text = JSON.stringify({ detail: 'wrong parameters', problems: [{ path: 'body.x', message: 'not known' }] })
  const url = await serve(t, (_request, response) => response.writeHead(400).end(text))
  const config = configIn(t.testdir({ 'admin.token': TOKEN }))
  const call = { method: 'GET', path: '/feedback' } as const
  t.match(await askAdmin({ config, url }, call), {
    kind: 'refused',
    status: 400,
    problem: 'wrong parameters; body.x: not known',
  })
  text = '<html>'
  t.match(await askAdmin({ config, url }, call), { kind: 'refused', problem: /answered 400: is it Weir/u })
})

t.test('nobody there, no token, no URL: told, never thrown', async (t) => {
  const config = configIn(t.testdir({ 'admin.token': TOKEN }))
  const call = { method: 'GET', path: '/feedback' } as const
  t.match(await askAdmin({ config, caFile: '/nowhere.pem' }, call), { kind: 'unreachable', problem: /nowhere\.pem/u })
  const gone = await askAdmin({ config, url: 'http://127.0.0.1:1' }, call)
  t.match(gone, { ok: false, kind: 'unreachable', problem: /cannot be reached: ECONNREFUSED/u })
  t.notMatch(JSON.stringify(gone), TOKEN)
  t.match(await askAdmin({ config, url: 'ftp://x' }, call), { kind: 'unreachable', problem: /is none/u })
  const empty = configIn(t.testdir({}))
  t.match(await askAdmin({ config: empty }, call), { kind: 'unreachable', problem: /admin\.token`: ENOENT/u })
})
