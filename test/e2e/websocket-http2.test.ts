/** WebSockets over HTTP/2 towards the client (RFC 8441), with real peers on both sides. */
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Agent, WebSocket as UndiciWebSocket } from 'undici'
import type WebSocket from 'ws'
import { policyWith } from '../clients/scenario.ts'
import { ask, type Http2Response, responseOn } from '../helpers/http2-client.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { tlsThrough } from '../helpers/wire-client.ts'
import { connectStream, http2WithConnect, openOverHttp2 } from '../helpers/ws-http2.ts'
import { closeOf, nextMessages, startWebSocketOrigin } from '../helpers/ws-peers.ts'

const HOST = 'api.openai.com'
const PATH = '/v1/responses'
const CODEX = { headers: { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' } }
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

const request = (text: string): string =>
  JSON.stringify({ type: 'response.create', model: 'gpt-6', input: [{ role: 'user', content: text }] })

type Tier = 'approved' | 'monitored' | 'restricted' | 'prohibited'

async function stage(
  t: Test,
  tier: Tier,
  onSocket: (socket: WebSocket) => void,
  options: { policy?: (text: string) => string; deflate?: boolean } = {},
) {
  const pki = await makePki(t)
  const { origin, upgrades } = await startWebSocketOrigin(t, pki, onSocket, {
    perMessageDeflate: options.deflate ?? false,
    handleProtocols: (protocols) => [...protocols][0] ?? false,
  })
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) => (options.policy ?? ((same) => same))(policyWith(text, 'openai-codex', tier)),
  })
  const { session } = await http2WithConnect(t, weir, HOST)
  return { weir, upgrades, session, origin }
}

/** Answers each request as the provider does, and keeps what it got. */
function provider(received: string[]): (socket: WebSocket) => void {
  return (socket) => {
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      received.push(text)
      if (!text.includes('response.create')) return
      socket.send(JSON.stringify({ type: 'response.created', response: { model: 'gpt-6-x' } }))
      socket.send(JSON.stringify({ type: 'response.output_text.delta', delta: 'hi' }))
      const usage = { input_tokens: 812, output_tokens: 64 }
      socket.send(JSON.stringify({ type: 'response.completed', response: { model: 'gpt-6-x', usage } }))
    })
  }
}

const echo = (socket: WebSocket): void => {
  socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }))
}

/** A response in place of the WebSocket; the client then says that nothing follows. */
function refusalOn(stream: ClientHttp2Stream): Promise<Http2Response> {
  stream.once('response', () => stream.end())
  return responseOn(stream)
}

const isWhole = (count: number) => (events: Record<string, unknown>[]) =>
  flowEvents(events).filter(({ phase }) => phase === 'outcome').length === count

t.test('text, binary and large messages come back from an echo in every tier that lets them', async (t) => {
  for (const tier of ['approved', 'monitored', 'restricted'] as const) {
    const { session, upgrades, weir } = await stage(t, tier, echo, {
      deflate: true,
      policy: (text) => text.replaceAll('onUnreadable: block', 'onUnreadable: allow'),
    })
    const client = await openOverHttp2(session, HOST, PATH, { ...CODEX, protocols: ['one', 'two'] })
    t.equal(client.protocol, 'one')
    const messages = ['hello', 'x'.repeat(300_000), '{"a":1}']
    for (const text of messages) {
      const back = nextMessages(client, 1)
      client.send(text)
      t.equal((await back)[0], text, tier)
    }
    const back = once(client, 'message')
    client.send(Buffer.alloc(100_000, 7))
    t.strictSame((await back).slice(0, 2), [Buffer.alloc(100_000, 7), true])
    const closed = closeOf(client)
    client.close(4001, 'enough')
    t.match(await closed, { code: 4001 })
    t.match(upgrades[0]?.headers, { upgrade: 'websocket', connection: 'Upgrade', host: HOST })
    t.equal(Buffer.from(String(upgrades[0]?.headers['sec-websocket-key']), 'base64').length, 16, 'a key of our own')
    const events = flowEvents(
      await weir.waitForEvents((all) => flowEvents(all).some(({ phase }) => phase === 'outcome')),
    )
    t.match(events[0], { destination: { host: HOST, http: '2' }, method: 'GET', path: PATH })
  }
})

t.test(
  'a secret in a message of a restricted tool reaches the provider as a placeholder, compressed or not',
  async (t) => {
    for (const deflate of [false, true]) {
      const received: string[] = []
      const { session, weir } = await stage(t, 'restricted', provider(received), { deflate })
      const client = await openOverHttp2(session, HOST, PATH, {
        ...CODEX,
        perMessageDeflate: deflate ? { threshold: 0 } : false,
      })
      t.equal(client.extensions.includes('permessage-deflate'), deflate)
      for (const text of ['hello', `the key is ${KEY} and`, 'hello']) {
        client.send(request(text))
        await nextMessages(client, 3)
      }
      t.strictSame([received[0], received[2]], [request('hello'), request('hello')])
      t.match(received[1], /the key is WEIR\w+ and/u)
      const closed = closeOf(client)
      client.close(1000)
      t.equal((await closed).code, 1000)
      const events = flowEvents(await weir.waitForEvents(isWhole(4)))
      const opened = events.find(({ parent }) => parent === undefined)
      t.match(opened, { phase: 'intent', action: 'redact', method: 'GET', unread: null })
      t.match(
        events.filter(({ parent, phase }) => parent === opened?.['flow'] && phase === 'intent'),
        [
          { destination: { http: '2' }, bytesUnchanged: true, findings: [] },
          { bytesUnchanged: false, findings: [{ detector: 'aws-access-key' }] },
          { bytesUnchanged: true, findings: [] },
        ],
      )
      t.match(events.at(-1), {
        phase: 'outcome',
        status: 200,
        complete: true,
        messages: { in: 3, out: 9 },
        error: null,
      })
    }
  },
)

t.test('a monitored WebSocket is relayed untouched and recorded from a copy', async (t) => {
  const received: string[] = []
  const { session, weir } = await stage(t, 'monitored', provider(received), { deflate: true })
  const client = await openOverHttp2(session, HOST, PATH, { ...CODEX, perMessageDeflate: { threshold: 0 } })
  client.send(request(`the key is ${KEY}`))
  await nextMessages(client, 3)
  t.match(received[0], KEY, 'it passes')
  client.close(1000)
  await closeOf(client)
  const events = flowEvents(await weir.waitForEvents(isWhole(2)))
  t.match(
    events.filter(({ parent }) => parent !== undefined),
    [
      { phase: 'intent', action: 'log', findings: [{ detector: 'aws-access-key' }] },
      { phase: 'outcome', status: 200, model: 'gpt-6-x', tokens: { in: 812, out: 64 }, complete: true },
    ],
  )
})

t.test(
  'a blocked message is refused in a frame and the stream closed; the rest of the connection goes on',
  async (t) => {
    const received: string[] = []
    const { session, weir } = await stage(t, 'restricted', provider(received), {
      policy: (text) => text.replaceAll('severities: { high: redact', 'severities: { high: block'),
    })
    const other = await openOverHttp2(session, HOST, PATH, CODEX)
    const client = await openOverHttp2(session, HOST, PATH, CODEX)
    const answered = nextMessages(client, 1)
    const closed = closeOf(client)
    client.send(request(`the key is ${KEY}`))
    t.match(JSON.parse((await answered)[0] ?? ''), { type: 'error', error: { code: 'weir_policy_block' } })
    t.equal((await closed).code, 1000)
    t.strictSame(received, [])
    other.send(request('still here'))
    await nextMessages(other, 3)
    t.strictSame(received, [request('still here')])
    t.match((await ask(session, { ':path': '/v1/models' })).status, 404)
    other.close(1000)
    await closeOf(other)
    const events = flowEvents(await weir.waitForEvents(isWhole(5)))
    t.match(
      events.find(({ action }) => action === 'block'),
      { phase: 'outcome', reason: 'finding', status: 400 },
    )
  },
)

t.test('a prohibited tool gets 426 as an ordinary response, and the upstream is never asked', async (t) => {
  const { session, upgrades, weir } = await stage(t, 'prohibited', echo)
  const stream = connectStream(session, PATH, CODEX.headers)
  const response = await refusalOn(stream)
  t.match(response, { status: 426, headers: { 'x-weir-action': 'block' } })
  t.equal(response.headers['connection'], undefined)
  t.match(response.body.toString(), /Upgrade not available/u)
  t.equal(upgrades.length, 0)
  const events = flowEvents(await weir.waitForEvents(isWhole(1)))
  t.match(events, [{ phase: 'outcome', action: 'block', status: 426, destination: { http: '2' } }])
  t.equal((await ask(session, { ':path': '/v1/models', ...CODEX.headers })).status, 404, 'the connection goes on')
})

t.test(
  'an upstream that dies resets its stream alone; a stream that the client resets closes its upstream',
  async (t) => {
    for (const tier of ['approved', 'monitored', 'restricted'] as const) {
      const sockets: WebSocket[] = []
      const { session, weir, origin } = await stage(t, tier, (socket) => {
        sockets.push(socket)
        echo(socket)
      })
      const connections: Socket[] = []
      origin.server.on('connection', (socket: Socket) => connections.push(socket))
      const streams = [1, 2, 3].map(() => connectStream(session, PATH, CODEX.headers))
      await Promise.all(streams.map((stream) => once(stream, 'response')))
      const [a, b, c] = streams
      if (a === undefined || b === undefined || c === undefined) throw new Error('three streams')
      const ends = sockets.map((socket) => once(socket, 'close'))
      const first = Promise.race(ends)
      a.close(8)
      t.strictSame((await first)[0], 1006, `${tier}: the provider sees a cut, no Close`)
      const left = sockets.filter(({ readyState }) => readyState === 1)
      t.equal(left.length, 2)
      const cut = Promise.race([b, c].map((stream) => once(stream, 'close').then(() => stream)))
      connections.find(({ destroyed }) => !destroyed)?.resetAndDestroy()
      const gone = await cut
      t.equal(gone.rstCode, 8, `${tier}: CANCEL, never a clean end`)
      const alive = gone === b ? c : b
      const back = once(alive, 'data')
      alive.write(Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
      t.strictSame((await back)[0], Buffer.from([0x8a, 0x02, 0x68, 0x69]), 'the third goes on')
      const over = once(alive, 'close')
      alive.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]))
      alive.resume().end()
      await over
      t.equal(alive.rstCode, 0)
      const events = flowEvents(await weir.waitForEvents(isWhole(3)))
      const codes = events
        .filter(({ phase }) => phase === 'outcome')
        .map(({ error }) => (error as { code: string } | null)?.code ?? null)
      t.strictSame(new Set(codes), new Set(['client-gone', 'upstream-reset', null]), tier)
    }
  },
)

t.test('a client that leaves while the upstream thinks, or without a word, takes its upstream with it', async (t) => {
  const { session, origin, weir } = await stage(t, 'monitored', echo)
  const held = new Promise<{ once: (name: string, then: () => void) => void }>((resolve) => {
    origin.server.removeAllListeners('upgrade')
    origin.server.on('upgrade', (_request, socket) => resolve(socket))
  })
  const stream = connectStream(session, PATH, CODEX.headers)
  const upstream = await held
  const closed = new Promise<void>((resolve) => upstream.once('close', () => resolve()))
  stream.close(8)
  await closed
  const events = flowEvents(await weir.waitForEvents(isWhole(1)))
  t.match(events.at(-1), { phase: 'outcome', complete: false, error: { code: 'client-gone' } })
})

t.test('an upstream that declines is passed on, one that answers with a foreign accept is not believed', async (t) => {
  const { session, origin } = await stage(t, 'approved', echo)
  const says = (text: string): void => {
    origin.server.removeAllListeners('upgrade')
    origin.server.on('upgrade', (_request, socket: { end: (text: string) => void }) => socket.end(text))
  }
  says('HTTP/1.1 403 No\r\nContent-Length: 4\r\nX-Why: no\r\nConnection: close\r\n\r\nsure')
  const declined = await refusalOn(connectStream(session, PATH, CODEX.headers))
  t.match(declined, { status: 403, headers: { 'x-why': 'no', 'content-length': '4' } })
  t.equal(declined.body.toString(), 'sure')
  t.equal(declined.headers['connection'], undefined)
  says('HTTP/1.1 204 Nothing\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  t.match(await refusalOn(connectStream(session, PATH, CODEX.headers)), { status: 204 })
  says(
    'HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
  )
  t.match(await refusalOn(connectStream(session, PATH, CODEX.headers)), { status: 502 })
  says('HTTP/1.1 999 Denied\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  t.match(await refusalOn(connectStream(session, PATH, CODEX.headers)), { status: 502 }, 'HTTP/2 has no such status')
  says('nonsense\r\n\r\n')
  t.match(await refusalOn(connectStream(session, PATH, CODEX.headers)), { status: 502 })
})

t.test('CONNECT of other kinds is refused: plain, of another protocol, with a length, to another name', async (t) => {
  const { session, upgrades } = await stage(t, 'approved', echo)
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await refusalOn(session.request({ ':method': 'CONNECT', ...headers }, { endStream: false }))).status
  const whole = { ':scheme': 'https', ':path': PATH }
  t.equal(await statusOf({ ':authority': 'evil.example:443' }), 403)
  t.equal(await statusOf({ ...whole, ':protocol': 'connect-udp' }), 501)
  t.equal(await statusOf({ ...whole, ':protocol': 'websocket', 'content-length': '5' }), 400)
  t.equal(await statusOf({ ...whole, ':protocol': 'websocket', ':authority': 'evil.example' }), 421)
  t.equal(upgrades.length, 0)
})

t.test("undici's own WebSocket speaks to Weir over HTTP/2, and its messages are read", async (t) => {
  const received: string[] = []
  const { weir } = await stage(t, 'restricted', provider(received), { deflate: true })
  const agent = new Agent({
    allowH2: true,
    connect: (_options, callback) => {
      tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ALPNProtocols: ['h2', 'http/1.1'] }).then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(error as Error, null),
      )
    },
  })
  t.teardown(() => agent.destroy())
  const client = new UndiciWebSocket(`wss://${HOST}${PATH}`, { dispatcher: agent, headers: CODEX.headers })
  await once(client, 'open')
  t.equal(client.extensions, 'permessage-deflate')
  const answered = new Promise<string[]>((resolve) => {
    const seen: string[] = []
    client.addEventListener('message', ({ data }) => {
      seen.push(String(data))
      if (seen.length === 3) resolve(seen)
    })
  })
  client.send(request(`the key is ${KEY}`))
  t.match(await answered, [/response.created/u, /delta/u, /response.completed/u])
  t.match(received, [/the key is WEIR\w+/u])
  const closed = once(client, 'close')
  client.close(1000)
  t.equal(((await closed)[0] as { code: number }).code, 1000)
  const events = flowEvents(await weir.waitForEvents(isWhole(2)))
  t.match(events[0], { phase: 'intent', destination: { http: '2' } })
  t.match(events.at(-1), { phase: 'outcome', status: 200, error: null })
})

t.test('a drain waits for open WebSockets no longer than it may, and leaves nothing open', async (t) => {
  const { session, weir } = await stage(t, 'restricted', echo)
  const client = await openOverHttp2(session, HOST, PATH, CODEX)
  const closed = closeOf(client)
  await weir.stop()
  t.equal((await closed).code, 1006)
})
