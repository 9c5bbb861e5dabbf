import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { ask, http2Through, responseOn } from '../helpers/http2-client.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeirOptions } from '../helpers/weir.ts'

const HOST = 't1.openai.azure.com'
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function setUp(
  t: Test,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  options: TestWeirOptions = {},
  host = HOST,
) {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, handle)
  const weir = await startWeir(t, { ...options, pins: { [`${host}:443`]: origin.address }, roots: [pki.rootPem] })
  return { weir, origin }
}

t.test(
  'a request over HTTP/2 arrives with its lines, and its response comes back with names in lower case',
  async (t) => {
    const seen: string[][] = []
    const { weir } = await setUp(t, (request, response) => {
      seen.push([request.method ?? '', request.url ?? '', ...request.rawHeaders])
      request.resume().on('end', () => {
        response.sendDate = false
        response.writeHead(200, [
          'X-One',
          '1',
          'x-one',
          '2',
          'Set-Cookie',
          'a=1',
          'Set-Cookie',
          'b=2',
          'Keep-Alive',
          'timeout=9',
        ])
        response.end('hello')
      })
    })
    const { session } = await http2Through(t, weir, HOST)
    const response = await ask(
      session,
      {
        ':method': 'POST',
        ':path': '/openai/v1/x?q=1',
        'content-type': 'application/json',
        cookie: ['a=1', 'b=2'],
        te: 'trailers',
      },
      '{"model":"m"}',
    )
    t.equal(response.status, 200)
    t.equal(response.body.toString(), 'hello')
    t.equal(response.rstCode, 0)
    t.strictSame(response.rawHeaders.slice(0, 10), [
      ':status',
      '200',
      'x-one',
      '1',
      'x-one',
      '2',
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
    ])
    t.notMatch(response.rawHeaders.join('\n'), /keep-alive|connection|transfer-encoding|date/u)
    const [request = []] = seen
    t.strictSame(request.slice(0, 4), ['POST', '/openai/v1/x?q=1', 'host', `${HOST}:443`])
    t.equal(request[request.indexOf('cookie') + 1], 'a=1; b=2', 'crumbs are one line again')
    const events = flowEvents(await weir.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome')))
    t.match(events[0], { destination: { host: HOST, port: 443, http: '2' } })
    t.match(events.at(-1), { status: 200, complete: true, bytesOut: 5 })
  },
)

t.test('megabytes go both ways at once, byte for byte', async (t) => {
  const { weir } = await setUp(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    request.pipe(response)
  })
  const { session } = await http2Through(t, weir, HOST)
  const bodies = [1, 2, 3].map(() => randomBytes(6_000_000))
  const responses = await Promise.all(
    bodies.map((body) => ask(session, { ':method': 'POST', ':path': '/openai/files' }, body)),
  )
  for (const [index, { body, status, rstCode }] of responses.entries()) {
    t.equal(status, 200)
    t.equal(rstCode, 0)
    t.equal(digest(body), digest(bodies[index] ?? Buffer.alloc(0)))
  }
})

t.test('HEAD, 204 and 304 end with their head; early hints and trailers pass', async (t) => {
  const { weir } = await setUp(t, (request, response) => {
    if (request.url === '/204') response.writeHead(204).end()
    else if (request.url === '/304') response.writeHead(304, { etag: '"e"' }).end()
    else if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 5 }).end()
    else {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('abc')
      response.addTrailers({ 'X-Sum': '7' })
      response.end()
    }
  })
  const { session } = await http2Through(t, weir, HOST)
  t.match(await ask(session, { ':path': '/204' }), { status: 204, rstCode: 0 })
  t.match(await ask(session, { ':path': '/304' }), { status: 304, headers: { etag: '"e"' }, rstCode: 0 })
  t.match(await ask(session, { ':method': 'HEAD' }), { status: 200, headers: { 'content-length': '5' }, rstCode: 0 })
  const stream = session.request({ ':path': '/x' })
  const hints: unknown[] = []
  stream.on('headers', (headers) => hints.push([headers[':status'], headers['link']]))
  t.match(await responseOn(stream), { status: 200, trailers: { 'x-sum': '7' }, rstCode: 0 })
  t.strictSame(hints, [[103, '</a.css>; rel=preload']])
})

t.test('a client that waits with its body is told to go on', async (t) => {
  const { weir } = await setUp(t, (request, response) => {
    request.resume().on('end', () => response.end('done'))
  })
  const { session } = await http2Through(t, weir, HOST)
  const stream = session.request({ ':method': 'POST', ':path': '/x', expect: '100-continue', 'content-length': '2' })
  await once(stream, 'continue')
  stream.end('ab')
  t.match(await responseOn(stream), { status: 200 })
  t.match(await ask(session, { expect: 'something' }), { status: 417 })
})

t.test(
  'a cancelled stream cancels its upstream request and no other; a cut upstream is a reset, never an end',
  async (t) => {
    const closed: string[] = []
    const waiting = new Map<string, ServerResponse>()
    const { weir } = await setUp(t, (request, response) => {
      const url = request.url ?? ''
      response.on('close', () => closed.push(url))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      waiting.set(url, response)
    })
    const { session } = await http2Through(t, weir, HOST)
    const streams = ['/a', '/b', '/c'].map((path) => session.request({ ':path': path }))
    await Promise.all(streams.map((stream) => once(stream, 'data')))
    const [a, b, c] = streams
    if (a === undefined || b === undefined || c === undefined) throw new Error('three streams')
    const gone = once(waiting.get('/a') as ServerResponse, 'close')
    a.on('error', () => undefined)
    a.close(8)
    await gone
    t.strictSame(closed, ['/a'])
    const cut = responseOn(b)
    waiting.get('/b')?.destroy()
    t.not((await cut).rstCode, 0)
    const rest = responseOn(c)
    waiting.get('/c')?.end('data: 2\n\n')
    t.match(await rest, { body: Buffer.from('data: 2\n\n'), rstCode: 0 })
    const events = flowEvents(
      await weir.waitForEvents((all) => all.filter(({ phase }) => phase === 'outcome').length === 3),
    )
    const codes = events
      .filter(({ phase }) => phase === 'outcome')
      .map(({ error }) => (error as { code: string } | null)?.code ?? null)
    t.strictSame(new Set(codes), new Set(['client-gone', 'upstream-reset', null]))
  },
)

t.test('a hundred streams on one connection are decided one by one', async (t) => {
  const host = 'api.anthropic.com'
  let asked = 0
  const { weir } = await setUp(
    t,
    (request, response) => {
      asked++
      request.resume().on('end', () => response.end('from upstream'))
    },
    {},
    host,
  )
  const { session } = await http2Through(t, weir, host)
  const body = '{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}'
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      ask(
        session,
        {
          ':method': 'POST',
          ':path': '/v1/messages',
          'content-type': 'application/json',
          'user-agent': index % 2 === 0 ? 'claude-cli/2.1.330' : 'python-httpx/0.27',
        },
        body,
      ),
    ),
  )
  for (const [index, response] of all.entries()) {
    if (index % 2 === 0) {
      t.equal(response.status, 400)
      t.match(response.headers, { 'x-weir-action': 'block', 'x-should-retry': 'false' })
      t.equal((JSON.parse(response.body.toString()) as { type: string }).type, 'error')
    } else t.equal(response.body.toString(), 'from upstream')
  }
  t.equal(asked, 50)
})

t.test('events are not held back: each arrives before the next is made', async (t) => {
  let respond: ServerResponse | null = null
  const { weir } = await setUp(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 0\n\n')
    respond = response
  })
  const { session } = await http2Through(t, weir, HOST)
  const stream = session.request({ ':path': '/x' })
  for (let index = 0; index < 5; index++) {
    const [chunk] = (await once(stream, 'data')) as [Buffer]
    t.equal(chunk.toString(), `data: ${index}\n\n`)
    const response = respond as ServerResponse | null
    if (index < 4) response?.write(`data: ${index + 1}\n\n`)
    else response?.end()
  }
  t.match(await responseOn(stream), { rstCode: 0 })
})

t.test('names that differ get 421 and an event; CONNECT inside the tunnel is refused', async (t) => {
  const { weir } = await setUp(t, (_request, response) => response.end('never'))
  const { session } = await http2Through(t, weir, HOST)
  const other = await ask(session, { ':authority': 'evil.example' })
  t.equal(other.status, 421)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(events[0], { phase: 'tunnel', reason: 'host-mismatch', flow: other.headers['x-weir-event'] })
  t.equal((await ask(session, { host: 'evil.example' })).status, 421, 'a Host beside :authority must agree')
  t.equal((await ask(session, { host: HOST })).body.toString(), 'never')
  t.equal((await ask(session, { ':scheme': 'http' })).status, 421)
  const connect = session.request({ ':method': 'CONNECT', ':authority': 'evil.example:443' })
  const nested = await responseOn(connect)
  t.equal(nested.status, 403)
  const isNested = (event: Record<string, unknown>): boolean => event['reason'] === 'nested-connect'
  t.match((await weir.waitForEvents((all) => all.some(isNested))).find(isNested), {
    phase: 'tunnel',
    flow: nested.headers['x-weir-event'],
    action: 'block',
    destination: { host: HOST, port: 443 },
    error: { code: 'nested-connect', side: 'client' },
  })
})

t.test('where every host is read, an AI name in :authority is recorded behind any Host', async (t) => {
  const { weir } = await setUp(t, (_request, response) => response.end('never'), {
    config: { intercept: { hosts: 'all' } },
  })
  const { session } = await http2Through(t, weir, 'news.example')
  const answer = await ask(session, { ':authority': HOST, host: 'news.example' })
  t.equal(answer.status, 421)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(events, [
    {
      phase: 'tunnel',
      flow: answer.headers['x-weir-event'],
      reason: 'host-mismatch',
      destination: { host: HOST },
      error: { code: 'host-mismatch', side: 'client' },
    },
  ])
})

t.test('limits of lines and URL are answered, and the connection goes on', async (t) => {
  const { weir } = await setUp(t, (_request, response) => response.end('fine'))
  const { session } = await http2Through(t, weir, HOST)
  t.equal((await ask(session, { ':path': `/${'x'.repeat(17_000)}` })).status, 414)
  const lines = Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`x-${index}`, 'y']))
  t.equal((await ask(session, lines)).status, 431)
  t.equal((await ask(session, { 'x-big': 'y'.repeat(66_000) })).status, 431)
  t.equal((await ask(session, {})).body.toString(), 'fine')
})

t.test('a client without ALPN, or with only HTTP/1.1, gets HTTP/1.1', async (t) => {
  const { weir } = await setUp(t, (_request, response) => response.end('one'))
  const { tlsThrough, exchangeOnce } = await import('../helpers/wire-client.ts')
  for (const options of [{}, { ALPNProtocols: ['http/1.1'] }]) {
    const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ...options })
    t.match(await exchangeOnce(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`), { status: 200 })
    socket.destroy()
  }
})

t.test('a drain lets streams finish, takes no new one, and leaves nothing open', async (t) => {
  const gate = Promise.withResolvers<ServerResponse>()
  const { weir } = await setUp(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
    gate.resolve(response)
  })
  const { session } = await http2Through(t, weir, HOST)
  const stream = session.request({ ':path': '/x' })
  await once(stream, 'data')
  const goaway = once(session, 'goaway')
  const stopped = weir.stop()
  t.equal((await goaway)[0], 0)
  const rest = responseOn(stream)
  ;(await gate.promise).end('data: 2\n\n')
  t.match(await rest, { rstCode: 0 })
  await stopped
})
