/** Tenant restrictions through a whole Weir: what the destination sees, whatever the client sent. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

const curl = promisify(execFile)
const UUID = '1f0c2b9e-1c6e-4a5e-9d1b-0123456789ab'
const NAMES = { 'api.anthropic.com': 'anthropic-allowed-org-ids', 'slack.com': 'x-slack-allowed-workspaces' } as const
const HOSTS = ['api.anthropic.com', 'slack.com', 'chatgpt.com', 'www.plain.example']
const TENANTS = `tenants:
  anthropic: { anthropic-allowed-org-ids: "${UUID}" }
  slack: { X-Slack-Allowed-Workspaces-Requester: T12345678, X-Slack-Allowed-Workspaces: [T12345678, E12345678] }
  chatgpt: { ChatGPT-Allowed-Workspace-Id: "${UUID}" }`

interface Seen {
  readonly host: string
  readonly path: string
  /** Name, value, name, value … */
  readonly raw: readonly string[]
}

async function world(
  t: Parameters<typeof startHttpsOrigin>[0],
  config = {},
): Promise<{ weir: TestWeir; seen: Seen[] }> {
  const pki = await makePki(t)
  const seen: Seen[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    seen.push({ host: request.headers.host ?? '', path: request.url ?? '', raw: request.rawHeaders })
    response.end('{}')
  })
  const pins = Object.fromEntries(HOSTS.map((host) => [`${host}:443`, origin.address]))
  const policy = (text: string): string => text.replace('tenants: {}', TENANTS)
  return { weir: await startWeir(t, { pins, roots: [pki.rootPem], policy, config }), seen }
}

/** Every value that arrived under a name, however it was spelt. */
const valuesOf = (raw: readonly string[], name: string): string[] =>
  raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase().replaceAll('_', '-') === name)

const request = (host: string, path: string, lines: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}Connection: close\r\n\r\n`

t.test('the destination sees our value exactly once, whatever spellings the client sent', async (t) => {
  const { weir, seen } = await world(t)
  for (const [host, name] of Object.entries(NAMES)) {
    const own = [name.toUpperCase(), name, name.replaceAll('-', '_'), name].map((each) => `${each}: evil\r\n`).join('')
    const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
    const answer = await exchangeOnce(socket, request(host, '/api/oauth/usage', `${own}X-Other: kept\r\n`))
    t.equal(answer.status, 200, host)
  }
  t.equal(seen.length, 2)
  t.strictSame(valuesOf(seen[0]?.raw ?? [], 'anthropic-allowed-org-ids'), [UUID])
  t.strictSame(valuesOf(seen[1]?.raw ?? [], 'x-slack-allowed-workspaces'), ['T12345678,E12345678'])
  t.strictSame(valuesOf(seen[1]?.raw ?? [], 'x-slack-allowed-workspaces-requester'), ['T12345678'])
  for (const { raw } of seen) t.strictSame(valuesOf(raw, 'x-other'), ['kept'])
})

t.test('curl is restricted like everybody; AI requests say so in their event, others leave none', async (t) => {
  const { weir, seen } = await world(t)
  const ca = join(weir.dir, 'ca.pem')
  writeFileSync(ca, weir.ca)
  const proxy = ['-sS', '--cacert', ca, '--proxy', `http://127.0.0.1:${weir.port}`]
  await curl('curl', [...proxy, '-H', 'Anthropic-Allowed-Org-IDs: evil', 'https://api.anthropic.com/api/hello'])
  await curl('curl', [...proxy, '-H', 'X-SLACK-allowed-workspaces: evil', 'https://slack.com/signin'])
  t.strictSame(
    seen.map(({ raw }) => [...valuesOf(raw, NAMES['api.anthropic.com']), ...valuesOf(raw, NAMES['slack.com'])]),
    [[UUID], ['T12345678,E12345678']],
  )
  await weir.stop()
  const events = flowEvents(weir.events())
  t.ok(events.length > 0)
  for (const event of events) t.match(event, { destination: { host: 'api.anthropic.com' } })
  t.match(events.find(({ phase, tool }) => phase !== 'tunnel' && tool !== undefined)?.['tenants'], ['anthropic'])
  t.notMatch(JSON.stringify(events), new RegExp(UUID, 'u'), 'the value is in no event')
})

t.test('chat without an account is blocked while workspaces are restricted', async (t) => {
  const { weir, seen } = await world(t)
  const socket = await tlsThrough(weir.port, 'chatgpt.com:443', { ca: weir.ca, ALPNProtocols: ['http/1.1'] })
  const answer = await exchangeOnce(socket, request('chatgpt.com', '/backend-anon/me', ''))
  t.ok(answer.status === 403 || answer.status === 400, String(answer.status))
  t.match(answer.body, /only with the account of your company/u)
  t.strictSame(seen, [])
  const [event] = flowEvents(await weir.waitForEvents((events) => flowEvents(events).length > 0))
  t.match(event, { action: 'block', reason: 'tenant-restriction' })
})

t.test('a host of the never-list stays untouched', async (t) => {
  const { weir, seen } = await world(t, { intercept: { never: ['slack.com'] } })
  const socket = await tlsThrough(weir.port, 'slack.com:443', { rejectUnauthorized: false })
  t.notMatch(JSON.stringify(socket.getPeerCertificate().fingerprint256), weir.app.authority.fingerprint256())
  await exchangeOnce(socket, request('slack.com', '/', 'X-Slack-Allowed-Workspaces: own\r\n'))
  t.strictSame(valuesOf(seen[0]?.raw ?? [], 'x-slack-allowed-workspaces'), ['own'])
})
