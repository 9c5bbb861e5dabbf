/** Who asks, by personal token: CONNECT, absolute form and upgrades; challenges, revocation, records. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { startHttpOrigin, startHttpsOrigin } from '../helpers/origin.ts'
import { personTextOf } from '../helpers/persons.ts'
import { makePki } from '../helpers/pki.ts'
import { type MadeToken, makeToken, revokeToken } from '../helpers/tokens.ts'
import { flowEvents, startWeir, type TestWeir, type TestWeirOptions } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, openSocket, readHead, readUntil } from '../helpers/wire-client.ts'

const pki = await makePki(t)
const seen: string[] = []
const origin = await startHttpsOrigin(t, pki, (request, response) => {
  seen.push(request.rawHeaders.join('\n'))
  response.end('{"ok":true}')
})
const plain = await startHttpOrigin(t, (request, response) => {
  seen.push(request.rawHeaders.join('\n'))
  response.end('plain')
})

/** Claude Code is for the group `pilot` with a token only; the rest of the shipped policy stands. */
const RULE =
  'rules:\n  - { id: pilots, match: { tool: claude-code, group: pilot, assurance: [token, mtls, negotiate] }, tier: monitored }\n'

const start = (authenticate: string, options: TestWeirOptions = {}): Promise<TestWeir> =>
  startWeir(t, {
    pins: { 'api.anthropic.com:443': origin.address, 'plain.example:80': plain.address },
    roots: [pki.rootPem],
    policy: (text) => text.replace('rules:\n', RULE),
    ...options,
    config: { ...options.config, identity: { authenticate, maxFailures: 5, ...options.config?.['identity'] } },
  })

const weir = await start('required')
const BODY = '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
const REQUEST = `POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: claude-cli/2.1.330 (external, cli)\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`
const GET = 'GET http://plain.example/ HTTP/1.1\r\nHost: plain.example\r\n'

async function secure(socket: Socket, ca: string) {
  const inside = connectTls({ socket, servername: 'api.anthropic.com', ca })
  inside.on('error', () => undefined)
  await new Promise((resolve, reject) => {
    inside.once('secureConnect', resolve)
    inside.once('close', () => reject(new Error('closed')))
  })
  return inside
}

/** A whole Claude Code request in a tunnel; the proxy's answer to CONNECT when there is no tunnel. */
async function ask(at: TestWeir, lines = '', inner = '') {
  const { socket, head } = await connectThrough(at.port, 'api.anthropic.com:443', lines)
  if (!head.startsWith('HTTP/1.1 200')) {
    socket.destroy()
    return { status: Number(head.slice(9, 12)), head, body: '' }
  }
  return exchangeOnce(await secure(socket, at.ca), `${REQUEST}${inner}Connection: close\r\n\r\n${BODY}`)
}

function everythingOnDisk(at: TestWeir): string {
  const dir = join(at.dir, 'data', 'audit')
  const text = readdirSync(dir)
    .filter((name) => name.includes('.jsonl'))
    .map((name) => readFileSync(join(dir, name), 'latin1'))
  return text.join('') + at.log.join('')
}

let token: MadeToken

t.test(
  'without a word of who it is, CONNECT gets 407 that says how, and the connection stays for the answer',
  async (t) => {
    token = await makeToken(weir.dir, 'li.wei', ['--group', 'pilot', '--device', 'LT-7'])
    const socket = await openSocket(weir.port)
    const connect = 'CONNECT api.anthropic.com:443 HTTP/1.1\r\nHost: api.anthropic.com:443\r\n'
    socket.write(`${connect}\r\n`)
    const isWhole = (text: string): boolean => text.includes('proxy-auth-required"}}')
    const refused = await readUntil(socket, isWhole)
    t.match(refused, /^HTTP\/1\.1 407 Proxy Authentication Required\r\n/u)
    t.match(refused, /\r\nproxy-authenticate: Basic realm="Weir", charset="UTF-8"\r\n/u)
    t.match(refused, /\r\ncontent-type: application\/problem\+json\r\n/u)
    t.match(refused, /\r\nx-weir-event: [0-9A-Z]{26}\r\n/u)
    t.match(refused, /\r\nconnection: keep-alive\r\n/u)
    socket.write(`${connect}\r\n`)
    t.match(await readUntil(socket, isWhole), /^HTTP\/1\.1 407 /u, 'as often as it asks')
    socket.write(`${connect}${token.line}\r\n`)
    t.match(await readHead(socket), /^HTTP\/1\.1 200 /u)
    const answer = await exchangeOnce(await secure(socket, weir.ca), `${REQUEST}Connection: close\r\n\r\n${BODY}`)
    t.equal(answer.status, 200)
    t.equal(answer.body, '{"ok":true}')
  },
)

t.test('a token is user, groups, device and assurance to rules and events; it goes no further', async (t) => {
  seen.length = 0
  t.equal(
    (await ask(weir, token.line, 'Proxy-Authorization: Basic aW5uZXI6b25l\r\nX-Authenticated-User: eve\r\n')).status,
    200,
  )
  t.equal(seen.length, 1)
  t.notMatch(seen[0], /proxy-authorization|x-authenticated-user|eve|aW5uZXI/iu)
  const events = await weir.waitForEvents((all) =>
    flowEvents(all).some(({ phase, action }) => phase === 'intent' && action === 'log'),
  )
  t.match(
    flowEvents(events).find(({ phase }) => phase === 'intent'),
    { assurance: 'token', rule: 'rule:pilots', tier: 'monitored' },
  )
  const other = await makeToken(weir.dir, 'ann')
  t.equal((await ask(weir, other.line)).status, 400, 'who is not in the group gets the tier of the tool')
  const people = personTextOf(weir.dir)
  t.match(people, /"user":"li\.wei","groups":\["pilot"\],"device":"LT-7"/u)
})

t.test('requests in absolute form and upgrades are asked as well, one by one on their connection', async (t) => {
  const socket = await openSocket(weir.port)
  const whole = (text: string): boolean => /\}\}$|plain$/u.test(text)
  socket.write(`${GET}\r\n`)
  t.match(await readUntil(socket, whole), /^HTTP\/1\.1 407 [^]*proxy-authenticate: Basic/iu)
  seen.length = 0
  socket.write(`${GET}${token.line}X-Client-IP: 10.6.6.6\r\n\r\n`)
  t.match(await readUntil(socket, whole), /^HTTP\/1\.1 200 /u)
  t.notMatch(seen[0], /proxy-authorization|x-client-ip/iu)
  socket.write(`${GET}\r\n`)
  t.match(await readUntil(socket, whole), /^HTTP\/1\.1 407 /u, 'what one request said is not true of the next')
  socket.write(`${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
  t.match(await readUntil(socket, whole), /^HTTP\/1\.1 407 [^]*connection: keep-alive/iu)
  socket.write(`${GET}${token.line}Connection: close\r\n\r\n`)
  t.match(await readUntil(socket, whole), /^HTTP\/1\.1 200 /u)
})

t.test('bytes that came too early are never read as the next request', async (t) => {
  const socket = await openSocket(weir.port)
  socket.write(`CONNECT api.anthropic.com:443 HTTP/1.1\r\nHost: api.anthropic.com:443\r\n\r\n${GET}${token.line}\r\n`)
  const text = await readUntil(socket, () => false)
  t.match(text, /^HTTP\/1\.1 407 /u)
  t.match(text, /\r\nconnection: close\r\n/u)
  t.equal(text.match(/HTTP\/1\.1 /gu)?.length, 1)
  socket.destroy()
})

t.test('protocol faults come before the question who asks', async (t) => {
  t.match((await connectThrough(weir.port, 'api.anthropic.com')).head, /^HTTP\/1\.1 400 /u)
  const page = await openSocket(weir.port)
  t.equal((await exchangeOnce(page, 'GET / HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n')).status, 400)
})

t.test('a revoked token is refused at once, also inside a tunnel that it opened', async (t) => {
  const mine = await makeToken(weir.dir, 'bob', ['--group', 'pilot'])
  const { socket, head } = await connectThrough(weir.port, 'api.anthropic.com:443', mine.line)
  t.match(head, /^HTTP\/1\.1 200/u)
  const inside = await secure(socket, weir.ca)
  inside.write(`${REQUEST}\r\n${BODY}`)
  t.match(await readUntil(inside, (text) => text.endsWith('{"ok":true}')), /^HTTP\/1\.1 200/u)
  await revokeToken(weir.dir, mine.id)
  t.equal((await ask(weir, mine.line)).status, 407)
  inside.write(`${REQUEST}\r\n${BODY}`)
  t.equal(
    await readUntil(inside, () => false),
    '',
    'its connection is closed: its client has to ask anew, and hears why',
  )
  inside.destroy()
})

t.test('a wrong token gets 407 with another code, and from many of them 429; the right one still passes', async (t) => {
  const wrong = (index: number): string =>
    `Proxy-Authorization: Basic ${Buffer.from(`li.wei:wrong-${index}`).toString('base64')}\r\n`
  const heads: string[] = []
  for (let index = 0; index < 7; index++) heads.push((await ask(weir, wrong(index))).head)
  t.strictSame(
    heads.map((head) => head.slice(9, 12)),
    ['407', '407', '407', '407', '407', '429', '429'],
  )
  t.equal((await ask(weir, wrong(0))).status, 407, 'what is known to be wrong is said to be wrong')
  t.equal((await ask(weir, token.line)).status, 200)
})

t.test('refusals are folded into one event per client, code and AI host', async (t) => {
  const events = await weir.waitForEvents((all) => all.some(({ reason }) => reason === 'too-many-attempts'))
  const refused = flowEvents(events).filter(
    ({ reason }) => typeof reason === 'string' && /^proxy-auth|too-many/u.test(reason),
  )
  t.strictSame(
    refused.map(({ phase, action, reason, destination, error }) => [
      phase,
      action,
      reason,
      (destination as { host: string }).host,
      (error as { code: string }).code,
    ]),
    [
      ['tunnel', 'block', 'proxy-auth-required', 'api.anthropic.com', 'proxy-auth-required'],
      ['tunnel', 'block', 'proxy-auth-required', '127.0.0.1', 'proxy-auth-required'],
      ['tunnel', 'block', 'proxy-auth-failed', 'api.anthropic.com', 'proxy-auth-failed'],
      ['tunnel', 'block', 'too-many-attempts', 'api.anthropic.com', 'too-many-attempts'],
    ],
    'a host without AI is not named',
  )
})

t.test('what weir token did stands in the audit trail, without names of persons', async (t) => {
  const events = await weir.waitForEvents((all) => all.some(({ operation }) => operation === 'token.revoke'))
  const deeds = events.filter(({ phase }) => phase === 'admin')
  t.match(deeds[0], {
    actor: /^cli:.+/u,
    operation: 'token.make',
    target: `token:${token.id}`,
    after: { expires: /^20/u },
  })
  t.match(deeds.at(-1), { operation: 'token.revoke', after: { revoked: true } })
  t.notMatch(JSON.stringify(events), /li\.wei|bob|ann"/u)
})

t.test('no credential stands in a log or an event', async (t) => {
  const text = everythingOnDisk(weir)
  for (const secret of [token.token, token.credential.slice(6), token.token.slice(25), 'aW5uZXI6b25l', 'wrong-1'])
    t.notOk(text.includes(secret), secret)
  const { headers } = await fetch(`http://127.0.0.1:${weir.adminPort}/livez`)
  t.equal(headers.get('proxy-authenticate'), null, 'the admin port asks for none of this')
})

t.test('optional: nobody has to say who it is; off: what is said is not looked at', async (t) => {
  const optional = await start('optional')
  const made = await makeToken(optional.dir, 'li.wei', ['--group', 'pilot'])
  t.equal((await ask(optional)).status, 400, 'nobody: the tier of the tool')
  t.equal((await ask(optional, made.line)).status, 200)
  t.equal((await ask(optional, 'Proxy-Authorization: Basic eDp5\r\n')).status, 407)
  await optional.stop()
  const off = await start('off')
  const unused = await makeToken(off.dir, 'li.wei', ['--group', 'pilot'])
  t.equal((await ask(off, unused.line)).status, 400)
  t.equal((await ask(off, 'Proxy-Authorization: Basic eDp5\r\n')).status, 400)
})
