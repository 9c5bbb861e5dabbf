/** Weir behind Weir: connections that last, and what becomes of them when the parent goes. */
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { noSecret, startFamily, waitForPhase } from '../helpers/family.ts'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { startHttp2Origin } from '../helpers/http2-origin.ts'
import { startHttpsOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { closed, readToEnd } from '../helpers/stage.ts'
import { startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, readHead, readUntil, tlsThrough } from '../helpers/wire-client.ts'
import { nextMessages, openWebSocket, startWebSocketOrigin } from '../helpers/ws-peers.ts'

const APPROVED = 'gateway.qoder.com.cn'
const NEWS = 'news.example'
const get = (host: string): string => `GET /way HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

t.test('a parent that is not there is told by a code of its own', async (t) => {
  const { child, parent } = await startFamily(t, { pins: {} })
  await parent.stop()
  const { socket, head } = await connectThrough(child.port, `${NEWS}:443`)
  t.match(head, /^HTTP\/1\.1 502 /u)
  t.match((await readToEnd(socket)).text, /"code":"parent-unreachable"/u)
  t.match((await waitForPhase(child, 'tunnel'))[0], { error: { code: 'parent-unreachable', side: 'upstream' } })
})

t.test('a parent that dies ends the tunnel for the client too, with the bytes in its event', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => socket.on('data', (chunk: Buffer) => socket.write(chunk)))
  const { child, parent } = await startFamily(t, { pins: { 'files.example:22': origin.address } })
  const { socket } = await connectThrough(child.port, 'files.example:22')
  socket.write('SSH-2.0-x\r\n')
  t.equal(await readUntil(socket, (text) => text.length >= 11), 'SSH-2.0-x\r\n')
  const over = closed(socket)
  socket.on('end', () => socket.end())
  socket.resume()
  await parent.stop()
  await over
  t.match((await waitForPhase(child, 'tunnel'))[0], {
    bytesIn: 11,
    bytesOut: 11,
    destination: { host: 'files.example' },
  })
})

t.test('a tunnel whose parent resets it says so, a client that leaves it is no fault', async (t) => {
  const parent = await startTcpOrigin(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nhello'))
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString() === 'die') socket.resetAndDestroy()
    })
    socket.on('end', () => socket.end())
  })
  const config = { audit: { tunnels: 'all' }, upstream: { parent: `http://127.0.0.1:${parent.port}` } }
  const weir = await startWeir(t, { config })
  for (const last of ['die', 'bye']) {
    const { socket } = await connectThrough(weir.port, `${last}.example:22`)
    t.equal(await readUntil(socket, (text) => text.length >= 5), 'hello')
    const over = closed(socket)
    socket.on('end', () => socket.end())
    socket.resume()
    socket.write(last)
    if (last === 'bye') socket.end()
    await over
  }
  t.match(await waitForPhase(weir, 'tunnel', 2), [
    {
      destination: { host: 'die.example' },
      bytesIn: 3,
      bytesOut: 5,
      error: { code: 'upstream-reset', side: 'upstream' },
    },
    { destination: { host: 'bye.example' }, bytesIn: 3, bytesOut: 5, error: null },
  ])
})

t.test('a parent that dies in the middle of an answer cuts it, and the event says so', async (t) => {
  const pki = await makePki(t)
  const responses: ServerResponse[] = []
  const origin = await startHttpsOrigin(t, pki, (_request, response) => {
    responses.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  const { child, parent } = await startFamily(t, {
    pins: { [`${APPROVED}:443`]: origin.address },
    roots: [pki.rootPem],
  })
  const socket = await tlsThrough(child.port, `${APPROVED}:443`, { ca: child.ca })
  socket.write(get(APPROVED))
  t.match(await readHead(socket), /^HTTP\/1\.1 200 /u)
  await readUntil(socket, (text) => text.includes('data: 1'))
  const ending = readToEnd(socket)
  await parent.stop()
  t.notMatch((await ending).text, /\r\n0\r\n\r\n$/u, 'never a clean end')
  t.match((await waitForPhase(child, 'outcome'))[0], {
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
    const { child, parent } = await startFamily(t, {
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
        (await waitForPhase(parent, 'outcome', 3))[0],
        { destination: { http: '2' } },
        'the parent was spoken to in HTTP/2',
      )
    else {
      await child.stop()
      t.match((await waitForPhase(parent, 'tunnel'))[0], { reason: 'never-list', action: 'allow' })
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
  const { child, parent } = await startFamily(t, {
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
  t.match((await waitForPhase(child, 'intent'))[0], { tool: 'openai-codex', tier: 'restricted' })
  t.match((await waitForPhase(parent, 'tunnel'))[0], { reason: 'never-list', tool: 'openai-codex' })
})

t.test('plain HTTP goes through the parent by CONNECT to its port', async (t) => {
  const origin = await startTcpOrigin(t, (socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}')),
  )
  const both = await startFamily(t, { pins: { [`${NEWS}:80`]: origin.address } })
  const { socket } = await connectThrough(both.child.port, `${NEWS}:80`)
  t.match(await exchangeOnce(socket, get(NEWS)), { status: 200, body: '{}' })
  t.match((await waitForPhase(both.parent, 'tunnel'))[0], { destination: { host: NEWS, port: 80 }, assurance: 'token' })
  noSecret(t, both)
})
