import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t from 'tap'
import { deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { connectThrough, readHead, readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t, {
  config: {
    timeouts: { drainMs: 1000, headerMs: 1500, bodyIdleMs: 1500 },
    proxy: { maxHeaderBytes: 16_384, maxUrlBytes: 8192 },
  },
})
const BODY = '{"model":"m","messages":[]}'
const CLAUDE = 'User-Agent: claude-cli/2.1.330\r\n'

/** Inside an intercepted tunnel. */
async function inside(host: string): Promise<TLSSocket> {
  const { socket } = await connectThrough(stage.weir.port, `${host}:443`)
  const secure = connectTls({ socket, servername: host, ca: stage.weir.ca })
  secure.on('error', () => undefined)
  await new Promise((resolve) => secure.once('secureConnect', resolve))
  return secure
}

t.test('pipelined requests are decided one by one and answered in order, whoever is faster', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) =>
    onRequests(socket, (request) => {
      const wait = request.includes('X-N: 1') ? 150 : 0
      setTimeout(() => socket.write(ok(`answer-${/X-N: (\d)/u.exec(request)?.[1] ?? ''};`)), wait)
    }),
  )
  const client = await stage.open()
  const blocked = requestTo('api.anthropic.com', BODY, CLAUDE).replace('/openai/v1/x', '/v1/messages')
  client.write(
    requestTo(host, BODY, 'X-N: 1\r\n') +
      blocked +
      requestTo(host, BODY, 'X-N: 3\r\n') +
      requestTo(host, null, 'X-N: 4\r\nConnection: close\r\n'),
  )
  const { text } = await readToEnd(client)
  const found = text.match(/HTTP\/1\.1 \d+|answer-\d|"request_id"/gu)
  t.strictSame(found, [
    'HTTP/1.1 200',
    'answer-1',
    'HTTP/1.1 400',
    '"request_id"',
    'HTTP/1.1 200',
    'answer-3',
    'HTTP/1.1 200',
    'answer-4',
  ])
})

t.test('a malformed request behind a good one does not overtake its answer', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) => onRequests(socket, () => setTimeout(() => socket.write(ok('slow')), 100)))
  const client = await stage.open()
  client.write(`${requestTo(host)}GET / HTTP/9.9\r\n\r\n`)
  const { text } = await readToEnd(client)
  t.match(text, /^HTTP\/1\.1 200 OK\r\n.*slowHTTP\/1\.1 400 /su)
})

t.test('a body that turns out malformed gets 400 before the response began, a cut after', async (t) => {
  const held = stage.host('restricted')
  const first = await stage.open()
  const chunked = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n'
  first.write(`${requestTo(held, null, chunked, 'POST')}4\r\nabcd\r\nnonsense\r\n`)
  t.match((await readToEnd(first)).text, /^HTTP\/1\.1 400 /u)
  const streamed = stage.host('monitored')
  stage.play((socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')))
  const second = await stage.open()
  second.write(`${requestTo(streamed, null, chunked, 'POST')}4\r\nabcd\r\n`)
  await readUntil(second, (text) => text.endsWith('half'))
  second.write('nonsense\r\n')
  t.notMatch((await readToEnd(second)).text, /HTTP/u, 'no second head in the middle of a body')
})

t.test('CONNECT behind a pending request waits its turn', async (t) => {
  const host = stage.host('monitored')
  const plain = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => setTimeout(() => socket.write(ok('slow')), 100)))
  const client = await stage.open()
  client.write(`${requestTo(host)}CONNECT ${plain}:443 HTTP/1.1\r\nHost: ${plain}:443\r\n\r\n`)
  const text = await readUntil(client, (all) => all.includes('established'))
  t.match(text, /^HTTP\/1\.1 200 OK\r\n.*slowHTTP\/1\.1 200 Connection established/su)
  client.destroy()
})

/** Waits for events of this reason, and returns all there are. */
async function eventsOf(reason: string, count: number): Promise<Record<string, unknown>[]> {
  const of = (all: Record<string, unknown>[]): Record<string, unknown>[] =>
    all.filter((each) => each['reason'] === reason)
  return of(await stage.weir.waitForEvents((all) => of(all).length >= count))
}

t.test('a target of another host inside a tunnel is refused', async (t) => {
  const host = stage.host('monitored')
  const other = await inside(host)
  other.write('GET https://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n')
  t.match((await readToEnd(other)).text, /^HTTP\/1\.1 421 /u)
})

t.test('CONNECT inside a tunnel leaves an event that says so, under the id that the client sees', async (t) => {
  const host = stage.host('monitored')
  const nested = await inside(host)
  nested.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')
  const { text } = await readToEnd(nested)
  t.match(text, /^HTTP\/1\.1 403 .*"code":"nested-connect"/su)
  t.match(await eventsOf('nested-connect', 1), [
    {
      phase: 'tunnel',
      flow: /x-weir-event: (\w+)/iu.exec(text)?.[1],
      action: 'block',
      tool: 'azure-openai',
      destination: { host, port: 443 },
      error: { code: 'nested-connect', side: 'client' },
    },
  ])
})

t.test('two Host lines leave an event when one of them is an AI host, and only then', async (t) => {
  const quiet = await stage.open()
  quiet.write('GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n')
  t.match((await readToEnd(quiet)).text, /^HTTP\/1\.1 400 .*"code":"duplicate-host"/su)
  const loud = await stage.open()
  loud.write('GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nHost: api.anthropic.com\r\n\r\n')
  t.match((await readToEnd(loud)).text, /^HTTP\/1\.1 400 /u)
  const host = stage.host('monitored')
  const within = await inside(host)
  within.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`)
  t.match((await readToEnd(within)).text, /^HTTP\/1\.1 400 /u, 'even when they agree')
  const events = await eventsOf('duplicate-host', 2)
  const error = { code: 'duplicate-host', side: 'client' }
  t.match(events, [
    { error, destination: { host: 'api.anthropic.com', port: 80 }, tool: 'claude-code' },
    { error, destination: { host, port: 443 }, tool: 'azure-openai' },
  ])
  t.equal(events.length, 2)
})

t.test(
  'a Host that differs gets 421 and, where AI is involved, one event under the id that the client sees',
  async (t) => {
    const host = stage.host('monitored')
    let asked = 0
    stage.play(() => asked++)
    const before = flowEvents(stage.weir.events()).length
    const client = await inside(host)
    client.write('POST /v1/messages HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n')
    const { text } = await readToEnd(client)
    t.match(text, /^HTTP\/1\.1 421 /u)
    const id = /x-weir-event: (\w+)/iu.exec(text)?.[1]
    const events = flowEvents(await stage.weir.waitForEvents((all) => flowEvents(all).length > before))
    t.match(
      events.find(({ flow }) => flow === id),
      {
        phase: 'tunnel',
        action: 'block',
        reason: 'host-mismatch',
        tool: 'azure-openai',
        destination: { host, port: 443 },
        error: { code: 'host-mismatch', side: 'client' },
      },
    )
    t.equal(asked, 0, 'the upstream was not asked')
  },
)

t.test(
  'on the plain listener the AI name counts wherever it stands, and other mismatches leave no event',
  async (t) => {
    const count = (): number => flowEvents(stage.weir.events()).length
    const before = count()
    const quiet = await stage.open()
    quiet.write('GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n')
    t.match((await readToEnd(quiet)).text, /^HTTP\/1\.1 421 /u)
    const loud = await stage.open()
    loud.write('GET http://a.example/ HTTP/1.1\r\nHost: api.anthropic.com\r\n\r\n')
    t.match((await readToEnd(loud)).text, /^HTTP\/1\.1 421 /u)
    const events = flowEvents(await stage.weir.waitForEvents((all) => flowEvents(all).length > before))
    t.equal(events.length, before + 1)
    t.match(events.at(-1), { reason: 'host-mismatch', destination: { host: 'api.anthropic.com', port: 80 } })
  },
)

t.test('limits of head and URL have their own status, and an unknown expectation gets 417', async (t) => {
  const host = stage.host('monitored')
  const cases: [string, number][] = [
    [requestTo(host, null, `X-Big: ${'b'.repeat(20_000)}\r\n`), 431],
    [requestTo(host, null, 'X-N: 1\r\n'.repeat(101)), 431],
    [requestTo(host).replace('/x ', `/${'x'.repeat(9000)} `), 414],
    [requestTo(host, BODY, 'Expect: miracles\r\n'), 417],
  ]
  for (const [request, status] of cases) {
    const client = await stage.open()
    client.write(request)
    t.match((await readToEnd(client)).text, new RegExp(`^HTTP/1\\.1 ${status} .*connection: close`, 'isu'))
  }
})

t.test('a head that comes too slowly gets 408, a body that stops moving is given up', async (t) => {
  const slow = await stage.open()
  slow.write(`GET http://${stage.host('plain')}/ HTTP/1.1\r\nHost:`)
  t.match((await readToEnd(slow)).text, /^HTTP\/1\.1 408 /u)
  for (const kind of ['monitored', 'restricted', 'plain'] as const) {
    const host = stage.host(kind)
    stage.play((socket) => socket.resume())
    const client = await stage.open()
    client.write(`${requestTo(host, null, 'Content-Length: 100000\r\n', 'POST')}abc`)
    t.notMatch((await readToEnd(client)).text, /HTTP\/1\.1 2/u, kind)
  }
  const events = await stage.weir.waitForEvents(
    (all) =>
      all.filter(({ error }) => error !== null && (error as { code?: string } | undefined)?.code === 'client-timeout')
        .length >= 2,
  )
  t.match(events.at(-1), { complete: false })
})

t.test('h2c is not asked for on the way: the request is an ordinary one', async (t) => {
  const host = stage.host('plain')
  const seen: string[] = []
  stage.play((socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(ok('plain'))
    }),
  )
  const client = await stage.open()
  client.write(
    requestTo(host, BODY, 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
  )
  t.match(await readUntil(client, (text) => text.endsWith('plain')), /^HTTP\/1\.1 200 OK/u)
  t.notMatch(seen[0], /h2c|HTTP2-Settings/iu)
  t.ok(seen[0]?.endsWith(BODY))
  client.destroy()
})

t.test('smuggling-like requests are refused and nothing of them goes on', async (t) => {
  const host = stage.host('monitored')
  let bytes = 0
  stage.play((socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
  const head = `POST http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n`
  for (const rest of [
    'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
    'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde',
    'Content-Length: 4, 5\r\n\r\nabcde',
    'Content-Length: +4\r\n\r\nabcd',
    'Content-Length: 0x4\r\n\r\nabcd',
    'Content-Length: \r\n\r\n',
    'Content-Length: -1\r\n\r\n',
    'Content-Length: 99999999999999999999\r\n\r\n',
    'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    'Content-Length: 0\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n',
    'X-A: a\0b\r\nContent-Length: 0\r\n\r\n',
    'X A: b\r\nContent-Length: 0\r\n\r\n',
    ': empty\r\nContent-Length: 0\r\n\r\n',
    `Host: ${host}\r\nContent-Length: 0\r\n\r\n`,
  ]) {
    const client = await stage.open()
    client.write(head + rest, 'latin1')
    const { text } = await readToEnd(client)
    t.match(text, /^HTTP\/1\.1 400 /u, JSON.stringify(rest))
    t.notMatch(text.slice(12), /HTTP\/1\.1/u, 'one answer')
  }
  t.equal(bytes, 0)
})

t.test('a client that resets in the middle leaves nothing behind', async (t) => {
  const host = stage.host('monitored')
  const upstream = deferred<Socket>()
  stage.play((socket) => socket.once('data', () => upstream.resolve(socket)))
  const client = await stage.open()
  client.write(requestTo(host))
  const socket = await upstream.promise
  client.resetAndDestroy()
  await new Promise((resolve) => socket.once('close', resolve))
  t.pass('the upstream was closed')
})

t.test('requests without a Host, with two, or in a form that no proxy takes get 400', async (t) => {
  const host = stage.host('monitored')
  for (const request of [
    `GET http://${host}/ HTTP/1.1\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
    `GET http://user@${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    'GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n',
  ]) {
    const client = await stage.open()
    client.write(request)
    t.match(await readHead(client), /^HTTP\/1\.1 400 /u, request)
    client.destroy()
  }
})

t.test(
  'a hundred requests may wait on one connection: the next is refused in its turn, and many more end it',
  async (t) => {
    const host = stage.host('monitored')
    const waiting: Socket[] = []
    const arrived = deferred<null>()
    stage.play((socket) =>
      onRequests(socket, () => {
        waiting.push(socket)
        if (waiting.length === 100) arrived.resolve(null)
      }),
    )
    const client = await stage.open()
    client.write(requestTo(host).repeat(100))
    await arrived.promise
    client.write(requestTo(host).repeat(3))
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${stage.weir.adminPort}/metrics`, { headers: { connection: 'close' } })).text()
    while (!/weir_errors_total\{[^}]*code="over-limit"/u.test(await metrics())) await delay(10)
    for (const socket of waiting) socket.write(ok('done'))
    const { text, how } = await readToEnd(client)
    const statuses = text.match(/HTTP\/1\.1 \d+/gu)
    t.strictSame(statuses, [...Array<string>(100).fill('HTTP/1.1 200'), 'HTTP/1.1 503'])
    t.equal(how, 'end')
    t.equal(waiting.length, 100, 'the upstream was asked no more often')

    stage.play((socket) => onRequests(socket, () => undefined))
    const greedy = await stage.open()
    greedy.write(requestTo(stage.host('monitored')).repeat(400))
    t.equal((await readToEnd(greedy)).text, '', 'nothing is kept for whoever goes on')
  },
)
