/** Weir behind Weir: a child whose `upstream.parent` is another whole Weir that wants a personal token. */
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { startHttp2Origin } from '../helpers/http2-origin.ts'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { closed, readToEnd } from '../helpers/stage.ts'
import { type MadeToken, makeToken, revokeToken } from '../helpers/tokens.ts'
import { goWay } from '../helpers/way.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, readHead, readUntil, tlsThrough } from '../helpers/wire-client.ts'
import { nextMessages, openWebSocket, startWebSocketOrigin } from '../helpers/ws-peers.ts'

const APPROVED = 'gateway.qoder.com.cn'
const NEWS = 'news.example'
const get = (host: string): string => `GET /way HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

interface FamilyOptions {
  /** What the parent knows of destinations, `host:port` → `127.0.0.1:port`. */
  readonly pins: Record<string, string>
  readonly roots?: readonly string[]
  readonly noProxy?: readonly string[]
  readonly childPins?: Record<string, string>
  readonly parentConfig?: Record<string, Record<string, unknown>>
  readonly parentPolicy?: (text: string) => string
  /** In place of the token. */
  readonly password?: string
}

interface Family {
  readonly child: TestWeir
  readonly parent: TestWeir
  readonly token: MadeToken
}

async function family(t: Test, options: FamilyOptions): Promise<Family> {
  const { pins, roots = [], noProxy = [], childPins = {}, parentConfig = {}, parentPolicy } = options
  const parent = await startWeir(t, {
    pins,
    roots: [...roots],
    config: { audit: { tunnels: 'all' }, ...parentConfig, identity: { authenticate: 'required' } },
    ...(parentPolicy === undefined ? {} : { policy: parentPolicy }),
  })
  const token = await makeToken(parent.dir, 'branch-office')
  const child = await startWeir(t, {
    pins: childPins,
    roots: [...roots, parent.ca],
    config: {
      audit: { tunnels: 'all' },
      upstream: {
        parent: `http://branch-office:${options.password ?? token.token}@127.0.0.1:${parent.port}`,
        noProxy: [...noProxy],
      },
    },
  })
  return { child, parent, token }
}

/** Everything that the child wrote: log, events, personal fields. */
function written({ dir, log }: TestWeir): string {
  const folder = join(dir, 'data', 'audit')
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  return [...log, ...files].join('\n')
}

function noSecret(t: Test, { child, parent, token }: Family): void {
  for (const weir of [child, parent]) {
    const text = written(weir)
    for (const secret of [token.token, token.credential.replace('Basic ', '')]) t.notOk(text.includes(secret))
  }
}

const waitFor = async (weir: TestWeir, phase: string, count = 1): Promise<Record<string, unknown>[]> => {
  const of = (all: Record<string, unknown>[]): Record<string, unknown>[] =>
    flowEvents(all).filter((event) => event['phase'] === phase)
  return of(await weir.waitForEvents((all) => of(all).length >= count))
}

t.test('a tunnel and an intercepted request go through both, and each Weir records its own part', async (t) => {
  const pki = await makePki(t)
  const seen: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    seen.push(request.rawHeaders.join('\n'))
    response.end('{}')
  })
  const pins = { [`${NEWS}:443`]: origin.address, [`${APPROVED}:443`]: origin.address }
  const both = await family(t, { pins, roots: [pki.rootPem] })
  const { child, parent } = both
  const roots = [child.ca, pki.rootPem]
  const news = await goWay(child, 'connect', `${NEWS}:443`, { says: `tls ${NEWS}`, host: NEWS }, roots)
  t.equal(news.gets, 'theirs 200', 'unread by both')
  const ai = await goWay(child, 'connect', `${APPROVED}:443`, { says: `tls ${APPROVED}`, host: APPROVED }, roots)
  t.equal(ai.gets, 'ours 200', 'read by both')
  t.equal(seen.length, 2)
  t.notMatch(seen.join('\n'), /proxy-/iu)
  for (const weir of [child, parent]) {
    const [tunnel] = await waitFor(weir, 'tunnel')
    t.match(tunnel, { action: 'allow', reason: 'not-catalogued', destination: { host: NEWS, port: 443 }, error: null })
    const [outcome] = await waitFor(weir, 'outcome')
    t.match(outcome, { action: 'allow', tool: 'lingma-qoder-cn', status: 200, error: null })
  }
  const [ofChild] = await waitFor(child, 'outcome')
  const [ofParent] = await waitFor(parent, 'outcome')
  t.match(ofChild, { assurance: 'none' })
  t.match(ofParent, { assurance: 'token' }, 'the parent knows the child by its token')
  noSecret(t, both)
})

t.test('a block by the child never reaches the parent, one by the parent reads as its notice', async (t) => {
  const { child, parent } = await family(t, {
    pins: {},
    parentPolicy: (text) =>
      text.replace('lingma-qoder-cn, qoder], tier: approved', 'lingma-qoder-cn, qoder], tier: prohibited'),
  })
  const claude = {
    says: 'tls api.anthropic.com',
    host: 'api.anthropic.com',
    asks: 'POST /v1/messages\nUser-Agent: claude-cli/2.1.330 (external, cli)\nContent-Length: 0',
  }
  t.equal((await goWay(child, 'connect', 'api.anthropic.com:443', claude, [child.ca])).gets, 'ours 400')
  t.strictSame(flowEvents(parent.events()), [])
  const asked = { says: `tls ${APPROVED}`, host: APPROVED, asks: 'POST /way\nContent-Length: 0' }
  const refused = await goWay(child, 'connect', `${APPROVED}:443`, asked, [child.ca])
  t.equal(refused.gets, 'ours 400')
  t.match(refused.text, 'Blocked by ACME policy')
  const [blocked] = await waitFor(parent, 'outcome')
  t.match(blocked, { action: 'block', tier: 'prohibited', status: 400 })
  t.match((await waitFor(child, 'outcome', 2))[1], { action: 'allow', status: 400, error: null })
})

t.test('noProxy goes past the parent', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{}'))
  const names = ['wiki.corp.example', 'a.wiki.corp.example', APPROVED]
  const { child, parent } = await family(t, {
    pins: {},
    roots: [pki.rootPem],
    childPins: Object.fromEntries(names.map((name) => [`${name}:443`, origin.address])),
    noProxy: ['corp.example', `${APPROVED}:443`],
  })
  for (const host of names) {
    const { gets } = await goWay(child, 'connect', `${host}:443`, { says: `tls ${host}`, host }, [
      child.ca,
      pki.rootPem,
    ])
    t.equal(gets, host === APPROVED ? 'ours 200' : 'theirs 200', host)
  }
  await parent.stop()
  t.strictSame(flowEvents(parent.events()), [])
})

/** What the parent does not do: port of the destination, what it answers, and what it records. */
const REFUSALS = [
  { port: 443, status: 403, records: { action: 'block', error: { code: 'tunnel-refused', side: 'weir' } } },
  { port: 8443, status: 502, records: { error: { code: 'connect-refused', side: 'upstream' } } },
] as const

t.test('a parent that refuses with 403 or 502 is told by its status, as a fault of the upstream side', async (t) => {
  for (const { port, status, records } of REFUSALS) {
    const both = await family(t, {
      pins: { 'dns.google:8443': '127.0.0.1:1' },
      parentPolicy: (text) => (port === 443 ? text.replace('doh: record', 'doh: refuse') : text),
    })
    const { child, parent } = both
    const { socket, head } = await connectThrough(child.port, `dns.google:${port}`)
    t.match(head, /^HTTP\/1\.1 502 /u)
    const { text } = await readToEnd(socket)
    t.match(text, `it answered ${status}`)
    t.match(text, '"code":"parent-refused"')
    t.match((await waitFor(child, 'tunnel'))[0], { error: { code: 'parent-refused', side: 'upstream' } })
    t.match((await waitFor(parent, 'tunnel'))[0], { ...records, destination: { host: 'dns.google', port } })
    noSecret(t, both)
  }
})

t.test(
  'a token that the parent does not know is 502 for the client, never 407, and the parent records the failure',
  async (t) => {
    const both = await family(t, { pins: {}, password: 'wrong-secret' })
    const { child, parent } = both
    const { socket, head } = await connectThrough(child.port, `${NEWS}:443`)
    const { text } = await readToEnd(socket)
    t.match(head, /^HTTP\/1\.1 502 /u)
    t.match(text, /"code":"parent-refused"/u)
    t.match(text, /it wants other credentials \(407\)/u)
    t.notMatch(`${head}${text}`, /proxy-authenticate|wrong-secret/iu)
    const { gets, text: inside } = await goWay(
      child,
      'connect',
      `${APPROVED}:443`,
      { says: `tls ${APPROVED}`, host: APPROVED },
      [child.ca],
    )
    t.equal(gets, 'ours 502', 'inside an intercepted tunnel as well')
    t.match(inside, /"code":"parent-refused"/u)
    t.match((await waitFor(child, 'outcome'))[0], { status: 502, error: { code: 'parent-refused', side: 'upstream' } })
    t.match((await waitFor(parent, 'tunnel'))[0], {
      action: 'block',
      reason: 'proxy-auth-failed',
      error: { code: 'proxy-auth-failed', side: 'client' },
    })
    t.notOk(written(child).includes('wrong-secret'))
    noSecret(t, both)
  },
)

t.test('a token that is taken back ends what comes after it', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('{}'))
  const { child, parent, token } = await family(t, { pins: { [`${NEWS}:443`]: origin.address } })
  const said = { says: `tls ${NEWS}`, host: NEWS }
  t.equal((await goWay(child, 'connect', `${NEWS}:443`, said, [pki.rootPem])).gets, 'theirs 200')
  await revokeToken(parent.dir, token.id)
  t.equal((await goWay(child, 'connect', `${NEWS}:443`, said, [pki.rootPem])).gets, 'refused 502')
})

t.test('a parent that is not there is told by a code of its own', async (t) => {
  const { child, parent } = await family(t, { pins: {} })
  await parent.stop()
  const { socket, head } = await connectThrough(child.port, `${NEWS}:443`)
  t.match(head, /^HTTP\/1\.1 502 /u)
  t.match((await readToEnd(socket)).text, /"code":"parent-unreachable"/u)
  t.match((await waitFor(child, 'tunnel'))[0], { error: { code: 'parent-unreachable', side: 'upstream' } })
})

t.test('a parent that dies ends the tunnel for the client too, with the bytes in its event', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)))
  const { child, parent } = await family(t, { pins: { 'files.example:22': origin.address } })
  const { socket } = await connectThrough(child.port, 'files.example:22')
  socket.write('SSH-2.0-x\r\n')
  t.equal(await readUntil(socket, (text) => text.length >= 11), 'SSH-2.0-x\r\n')
  const over = closed(socket)
  socket.on('end', () => socket.end())
  socket.resume()
  await parent.stop()
  await over
  t.match((await waitFor(child, 'tunnel'))[0], { bytesIn: 11, bytesOut: 11, destination: { host: 'files.example' } })
})

t.test('a parent that dies in the middle of an answer cuts it, and the event says so', async (t) => {
  const pki = await makePki(t)
  const responses: ServerResponse[] = []
  const origin = await startHttpsOrigin(t, pki, (_request, response) => {
    responses.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  const { child, parent } = await family(t, { pins: { [`${APPROVED}:443`]: origin.address }, roots: [pki.rootPem] })
  const socket = await tlsThrough(child.port, `${APPROVED}:443`, { ca: child.ca })
  socket.write(get(APPROVED))
  t.match(await readHead(socket), /^HTTP\/1\.1 200 /u)
  await readUntil(socket, (text) => text.includes('data: 1'))
  const ending = readToEnd(socket)
  await parent.stop()
  t.notMatch((await ending).text, /\r\n0\r\n\r\n$/u, 'never a clean end')
  t.match((await waitFor(child, 'outcome'))[0], {
    status: 200,
    complete: false,
    error: { code: 'upstream-reset', side: 'upstream' },
  })
})

t.test('HTTP/2 is spoken through the parent, whether it reads the host or not', async (t) => {
  const pki = await makePki(t)
  for (const never of [[APPROVED], []]) {
    const origin = await startHttp2Origin(t, pki, (stream) => {
      stream.respond({ ':status': 200, 'x-origin': 'h2' })
      stream.end('{}')
    })
    const { child, parent } = await family(t, {
      pins: { [`${APPROVED}:443`]: origin.address },
      roots: [pki.rootPem],
      parentConfig: { intercept: { never } },
    })
    const { session } = await http2Through(t, child, APPROVED)
    const answers = await Promise.all([1, 2, 3].map((index) => ask(session, { ':path': `/way${index}` })))
    for (const answer of answers) t.match(answer, { status: 200, headers: { 'x-origin': 'h2' } })
    t.equal(origin.connections(), 1, 'one session carries all')
    session.destroy()
    if (never.length === 0)
      t.match(
        (await waitFor(parent, 'outcome', 3))[0],
        { destination: { http: '2' } },
        'the parent was spoken to in HTTP/2',
      )
    else {
      await child.stop()
      t.match((await waitFor(parent, 'tunnel'))[0], { reason: 'never-list', action: 'allow' })
    }
  }
})

t.test('a WebSocket goes through the parent, and its messages are read by the child', async (t) => {
  const pki = await makePki(t)
  const { origin } = await startWebSocketOrigin(
    t,
    pki,
    (socket) => socket.on('message', (data: Buffer) => socket.send(`heard ${data.toString()}`)),
    { perMessageDeflate: false },
  )
  const { child, parent } = await family(t, {
    pins: { 'api.openai.com:443': origin.address },
    roots: [pki.rootPem],
    parentConfig: { intercept: { never: ['api.openai.com'] } },
  })
  const codex = { headers: { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' } }
  const client = await openWebSocket(child, 'api.openai.com', '/v1/responses', codex)
  client.send(JSON.stringify({ type: 'response.create', model: 'gpt-6', input: [{ role: 'user', content: 'hello' }] }))
  const [message] = await nextMessages(client, 1)
  t.match(String(message), /^heard .*hello/u)
  client.close()
  t.match((await waitFor(child, 'intent'))[0], { tool: 'openai-codex', tier: 'restricted' })
  t.match((await waitFor(parent, 'tunnel'))[0], { reason: 'never-list', tool: 'openai-codex' })
})

t.test('plain HTTP goes through the parent by CONNECT to its port', async (t) => {
  const origin = await startTcpOrigin(t, (socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}')),
  )
  const both = await family(t, { pins: { [`${NEWS}:80`]: origin.address } })
  const { socket } = await connectThrough(both.child.port, `${NEWS}:80`)
  t.match(await exchangeOnce(socket, get(NEWS)), { status: 200, body: '{}' })
  t.match((await waitFor(both.parent, 'tunnel'))[0], { destination: { host: NEWS, port: 80 }, assurance: 'token' })
  noSecret(t, both)
})
