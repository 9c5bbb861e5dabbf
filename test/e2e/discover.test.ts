/** AI on hosts outside the catalogue, end to end: recognised by head, by the first bytes of a body, and by the answer. */
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { startHttpOrigin, startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import type { Scope } from '../helpers/scope.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { exchangeOnce, tlsThrough } from '../helpers/wire-client.ts'

const RELAY = 'relay.example'

interface Asked {
  readonly path: string
  readonly body: string | Uint8Array | readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Plain HTTP through the proxy; a list of pieces is sent with pauses between them. */
function ask(port: number, { path, body, headers = {} }: Asked): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: `http://${RELAY}${path}`,
        headers: { host: RELAY, 'content-type': 'application/json', ...headers },
        agent: false,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    const pieces: (string | Uint8Array)[] = typeof body === 'string' || body instanceof Uint8Array ? [body] : [...body]
    const next = (): void => {
      const piece = pieces.shift()
      if (piece === undefined) request.end()
      else request.write(piece, () => setTimeout(next, 5))
    }
    next()
  })
}

async function admin(weir: TestWeir, path: string) {
  const token = readFileSync(join(weir.dir, 'data', 'admin.token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`http://127.0.0.1:${weir.adminPort}/api/v1${path}`, { headers })
  return { status: answer.status, json: (await answer.json()) as { items: unknown[] } }
}

const CHAT = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], model: 'gpt-4o', stream: false })

async function setUp(t: Scope, unlisted: string, answer: string | Uint8Array = '{}', coding: string | null = null) {
  const bodies: string[] = []
  const origin = await startHttpOrigin(t, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1')
    })
    request.on('end', () => {
      bodies.push(body)
      response.setHeader('content-type', 'application/json')
      if (coding !== null) response.setHeader('content-encoding', coding)
      response.end(answer)
    })
  })
  const weir = await startWeir(t, {
    pins: { [`${RELAY}:80`]: origin.address },
    policy: (text) => text.replace('unlisted: monitored', `unlisted: ${unlisted}`),
  })
  return { bodies, weir }
}

t.test('a body on a path near to AI is recognised before anything of it passes, and blocked', async (t) => {
  const { bodies, weir } = await setUp(t, 'prohibited')
  const answer = await ask(weir.port, { path: '/api/chat', body: [CHAT.slice(0, 9), CHAT.slice(9)] })
  t.equal(answer.status, 400)
  t.match(answer.text, /weir_policy_block/u)
  t.strictSame(bodies, [], 'nothing went upstream')
  const [event] = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(event, { tool: 'unlisted', tier: 'prohibited', action: 'block', dialect: 'openai-chat', score: Number })
  t.ok((event?.['evidence'] as string[]).includes('body:messages'))
})

t.test('a secret in such a body is redacted on the very request, however the body comes', async (t) => {
  const { bodies, weir } = await setUp(t, 'restricted')
  const secret = 'AKIAZ7QX2M4KD6RTYW3B'
  const body = CHAT.replace('hi', `key ${secret} ${'x'.repeat(40_000)}`)
  const pieces = [body.slice(0, 100), body.slice(100, 20_000), body.slice(20_000)]
  t.equal((await ask(weir.port, { path: '/api/chat', body: pieces })).status, 200)
  t.equal(bodies.length, 1)
  t.notMatch(bodies[0], secret)
  t.equal((JSON.parse(bodies[0] ?? '') as { model: string }).model, 'gpt-4o')
})

t.test('a body that is no AI passes unchanged and leaves no event, also where its path is near', async (t) => {
  const { bodies, weir } = await setUp(t, 'prohibited')
  const body = JSON.stringify({ room: 'a', message: 'hi', note: 'y'.repeat(50_000) })
  t.equal((await ask(weir.port, { path: '/chat', body: [body.slice(0, 50), body.slice(50)] })).status, 200)
  t.equal(
    (await ask(weir.port, { path: '/chat', body, headers: { 'content-length': String(body.length) } })).status,
    200,
  )
  t.strictSame(bodies, [body, body])
  await weir.stop()
  t.strictSame(flowEvents(weir.events()), [])
})

t.test(
  'where only the body tells on a path that says nothing, it has passed: recorded with what would have been',
  async (t) => {
    const { bodies, weir } = await setUp(t, 'prohibited')
    t.equal((await ask(weir.port, { path: '/x', body: CHAT })).status, 200)
    t.strictSame(bodies, [CHAT])
    const [event] = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
    t.match(event, {
      phase: 'outcome',
      tool: 'unlisted',
      tier: 'prohibited',
      action: 'allow',
      would: 'block',
      reason: 'unlisted-late',
      unread: 'recognised-late',
    })
  },
)

t.test('compressed bodies and answers are looked into; what is no AI passes byte by byte', async (t) => {
  const answer = brotliCompressSync('{"object":"chat.completion","choices":[]}')
  const { bodies, weir } = await setUp(t, 'prohibited', answer, 'br')
  const headers = (coding: string) => ({ 'content-encoding': coding })
  const plain = zstdCompressSync(JSON.stringify({ room: 'a', message: 'hi' }))
  const bomb = brotliCompressSync(Buffer.alloc(20_000_000))
  for (const [body, coding] of [
    [plain, 'zstd'],
    [bomb, 'br'],
    [Buffer.from('no zip'), 'gzip'],
  ] as const) {
    const path = '/chat'
    t.equal((await ask(weir.port, { path, body, headers: headers(coding) })).status, 200)
    t.equal(bodies.pop(), body.toString('latin1'), coding)
  }
  for (const [body, coding] of [
    [gzipSync(CHAT), 'gzip'],
    [zstdCompressSync(CHAT), 'zstd'],
  ] as const) {
    t.equal((await ask(weir.port, { path: '/api/chat', body, headers: headers(coding) })).status, 400, coding)
  }
  t.strictSame(bodies, [], 'nothing of them went upstream')
  const [event] = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(event, { reason: 'unlisted-late', would: 'block' })
  t.ok((event?.['evidence'] as string[]).includes('answer:chat-chunk'), 'the first told itself by its answer')
})

t.test('a host that served AI once is judged before anything passes, and is listed with a draft', async (t) => {
  const { bodies, weir } = await setUp(t, 'prohibited')
  await ask(weir.port, { path: '/x', body: CHAT })
  t.equal((await ask(weir.port, { path: '/x', body: CHAT })).status, 400, 'the second is blocked')
  t.equal(bodies.length, 1)
  const { status, json } = await admin(weir, '/discover')
  t.equal(status, 200)
  t.match(json, { items: [{ host: RELAY, isRead: true, requests: 2, clients: 1, dialects: ['openai-chat'] }] })
  t.notMatch(JSON.stringify(json), /127\.0\.0\.1/u, 'no address')
  t.match((await admin(weir, '/discover/draft')).json, { yaml: /host: "relay\.example"/u })
})

t.test(
  'where every host is read it is recognised inside TLS; the company’s own and the reviewed list are left alone',
  async (t) => {
    const pki = await makePki(t)
    const seen: string[] = []
    const origin = await startHttpsOrigin(t, pki, (request, response) => {
      seen.push(request.headers.host ?? '')
      request.resume().on('end', () => response.end('{}'))
    })
    const hosts = ['relay.test', 'own.test', 'www.nhs.uk', 'elsewhere.test']
    const weir = await startWeir(t, {
      pins: Object.fromEntries(hosts.map((host) => [`${host}:443`, origin.address])),
      roots: [pki.rootPem],
      config: { intercept: { hosts: 'all', all: { networks: ['127.0.0.0/8'], groups: [] } } },
      policy: (text) =>
        text
          .replace('unlisted: monitored', 'unlisted: prohibited')
          .replace('sanctionedHosts: []', 'sanctionedHosts: [own.test]'),
    })
    const post = async (host: string, ca: string, path: string, body = CHAT): Promise<number> => {
      const socket = await tlsThrough(weir.port, `${host}:443`, { ca, servername: host })
      const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
      return (await exchangeOnce(socket, head + body)).status
    }
    t.equal(await post('relay.test', weir.ca, '/api/chat'), 400)
    t.equal(await post('own.test', weir.ca, '/v1/chat/completions'), 200)
    t.equal(await post('elsewhere.test', weir.ca, '/v1/items', '{"a":1}'), 200)
    t.equal(await post('www.nhs.uk', pki.rootPem, '/v1/chat/completions'), 200, 'under its own certificate')
    t.strictSame(seen.sort(), ['elsewhere.test', 'own.test', 'www.nhs.uk'])
    t.match((await admin(weir, '/discover?minScore=0')).json, { items: [{ host: 'relay.test' }] })
    t.equal((await admin(weir, '/discover?minScore=0')).json.items.length, 1)
  },
)

/** One GET through the proxy, from one of the loopback's many addresses. */
function visit(port: number, from: string, url: string, agent: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: new URL(url).host, 'user-agent': agent }
    const options = { host: '127.0.0.1', port, path: url, headers, localAddress: from, agent: false as const }
    httpRequest(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', reject)
      .end()
  })
}

t.test('a host that a tool begins to call is told, once; what is reached at other times too is not', async (t) => {
  const origin = await startHttpOrigin(t, (_request, response) => response.end('ok'))
  const hosts = ['chatgpt.com', 'telemetry.new.test', 'curl.test', 'registry.test', 'beside.test']
  const weir = await startWeir(t, { pins: Object.fromEntries(hosts.map((host) => [`${host}:80`, origin.address])) })
  const now = Date.now
  let aheadMs = 0
  Date.now = () => now() + aheadMs
  t.teardown(() => {
    Date.now = now
  })
  const tool = 'codex_cli_rs/0.169.0 (Debian 12.0.0; x86_64) xterm'
  for (let window = 0; window < 18; window++) {
    const clients = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(async (from) => {
      // A developer's own curl, and a package manager: with the tool and without.
      await visit(weir.port, from, 'http://curl.test/', 'curl/8.5.0')
      if (window % 2 === 0) await visit(weir.port, from, 'http://registry.test/', 'npm/10.8.2')
      if (window > 6) return
      await visit(weir.port, from, 'http://chatgpt.com/backend-api/codex/models', tool)
      await visit(weir.port, from, 'http://telemetry.new.test/v1', 'node')
      // What the tool starts says what it is.
      await visit(weir.port, from, 'http://beside.test/', 'pip/24.0')
    })
    await Promise.all(clients)
    aheadMs += 120_000
  }
  const { json } = await admin(weir, '/discover/drift')
  t.match(json, { drift: [{ tool: 'openai-codex', host: 'telemetry.new.test', windows: 21, clients: 3 }] })
  t.equal((json as unknown as { drift: unknown[] }).drift.length, 1)
  await admin(weir, '/discover/drift')
  const told = await weir.waitForEvents((all) => all.some(({ operation }) => operation === 'discover.drift'))
  const deeds = told.filter(({ operation }) => operation === 'discover.drift')
  t.match(deeds, [{ phase: 'admin', actor: 'weir', target: 'telemetry.new.test', after: { tool: 'openai-codex' } }])
  t.notMatch(JSON.stringify(deeds), /127\.0\.0/u, 'no address')
})
