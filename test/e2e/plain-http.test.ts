import t from 'tap'
import { startHttpOrigin, startTcpOrigin } from '../helpers/origin.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, openSocket, readUntil } from '../helpers/wire-client.ts'

/** An origin that answers with exactly what it received, as text. */
const echo =
  (answer = ''): Parameters<typeof startTcpOrigin>[1] =>
  (socket) => {
    let seen = ''
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1')
      if (!seen.includes('\r\n\r\n')) return
      socket.end(answer === '' ? `HTTP/1.1 200 OK\r\nContent-Length: ${seen.length}\r\n\r\n${seen}` : answer)
    })
  }

t.test('a plain request passes from raw socket to raw socket with header order, case and repeats kept', async (t) => {
  const origin = await startTcpOrigin(t, echo())
  const weir = await startWeir(t, { pins: { 'site.example:80': origin.address } })
  const socket = await openSocket(weir.port)
  const answer = await exchangeOnce(
    socket,
    'GET http://Site.example/a//b/../c?q=%7E|"x" HTTP/1.1\r\nHost: Site.example\r\nX-One: 1\r\nx-two: 2\r\nX-One: 3\r\n' +
      'Proxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\r\n',
  )
  t.equal(answer.status, 200)
  const lines = answer.body.split('\r\n')
  t.equal(lines[0], 'GET /a//b/../c?q=%7E|"x" HTTP/1.1')
  t.strictSame(lines.slice(1, 6), ['Host: Site.example', 'X-One: 1', 'x-two: 2', 'X-One: 3', 'Accept: */*'])
  t.notMatch(answer.body, /proxy-|secret|c2VjcmV0|x-forwarded|x-hop/iu)
  await weir.stop()
  t.strictSame(flowEvents(weir.events()), [], 'non-AI traffic leaves no event')
})

t.test('response heads come back with case, order and repeats kept', async (t) => {
  const origin = await startTcpOrigin(
    t,
    echo(
      'HTTP/1.1 201 Made Here\r\nX-B: 1\r\nset-cookie: a=1\r\nX-b: 2\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nhi',
    ),
  )
  const weir = await startWeir(t, { pins: { 'site.example:80': origin.address } })
  const socket = await openSocket(weir.port)
  const answer = await exchangeOnce(
    socket,
    'GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n',
  )
  t.strictSame(answer.head.split('\r\n').slice(0, 6), [
    'HTTP/1.1 201 Made Here',
    'X-B: 1',
    'set-cookie: a=1',
    'X-b: 2',
    'Set-Cookie: b=2',
    'Content-Length: 2',
  ])
  t.equal(answer.body, 'hi')
})

t.test('chunked uploads, trailers and HEAD pass', async (t) => {
  const origin = await startHttpOrigin(t, (request, response) => {
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-length': '5' })
      response.end()
      return
    }
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write(`got ${body} by ${request.headers['transfer-encoding'] ?? 'length'}`)
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    })
  })
  const weir = await startWeir(t, { pins: { 'site.example:80': origin.address } })
  const first = await openSocket(weir.port)
  const upload = await exchangeOnce(
    first,
    'PUT http://site.example/ HTTP/1.1\r\nHost: site.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  )
  t.match(upload.body, /got abcde by chunked/u)
  t.match(upload.body, /X-Sum: 42/u)
  const second = await openSocket(weir.port)
  const head = await exchangeOnce(
    second,
    'HEAD http://site.example/ HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n',
  )
  t.match(head.head, /content-length: 5/u)
  t.equal(head.body, '')
})

t.test('a response that is cut in the middle reaches the client cut', async (t) => {
  const origin = await startTcpOrigin(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      setTimeout(() => socket.destroy(), 50)
    })
  })
  const weir = await startWeir(t, { pins: { 'site.example:80': origin.address } })
  const socket = await openSocket(weir.port)
  const answer = await exchangeOnce(
    socket,
    'GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n',
  )
  t.match(answer.body, /hello/u)
  t.notMatch(answer.body, /\r\n0\r\n\r\n$/u, 'no clean end')
})

t.test('plain HTTP to an AI host, direct or inside a tunnel, is decided per request', async (t) => {
  const weir = await startWeir(t)
  const request =
    'POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nUser-Agent: claude-cli/2.1.330 (external, cli)\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'
  const direct = await openSocket(weir.port)
  t.equal((await exchangeOnce(direct, request.replace('/v1', 'http://api.anthropic.com/v1'))).status, 400)
  const { socket } = await connectThrough(weir.port, 'api.anthropic.com:80')
  t.equal((await exchangeOnce(socket, request)).status, 400)
  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 2))
  t.ok(events.every(({ action, tool }) => action === 'block' && tool === 'claude-code'))
})

t.test('Claude Code is known by its mark on a plain host outside the catalogue', async (t) => {
  const weir = await startWeir(t)
  const socket = await openSocket(weir.port)
  const answer = await exchangeOnce(
    socket,
    'POST http://relay.example/claude/v1/messages HTTP/1.1\r\nHost: relay.example\r\nUser-Agent: claude-cli/2.1.330 (external, cli)\r\nAnthropic-Version: 2023-06-01\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
  )
  t.equal(answer.status, 400)
  t.match(answer.body, /Claude Code/u)
})

t.test('malformed requests get 400 or the status that says more, and a closed connection', async (t) => {
  const weir = await startWeir(t)
  const cases: [string, RegExp][] = [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400/u],
    ['GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400/u],
    ['GET http://a/ HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/u],
    ['GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', /^HTTP\/1\.1 400/u],
    ['GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n', /^HTTP\/1\.1 421/u],
    ['GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400/u],
    [
      'GET http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      /^HTTP\/1\.1 400/u,
    ],
    ['GET http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', /^HTTP\/1\.1 400/u],
    ['GET http://a/ HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n', /^HTTP\/1\.1 400/u],
    [`GET http://a/${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, /^HTTP\/1\.1 414/u],
    [`GET http://a/ HTTP/1.1\r\nHost: a\r\n${'X-Y: 1\r\n'.repeat(120)}\r\n`, /^HTTP\/1\.1 431/u],
    [`GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`, /^HTTP\/1\.1 431/u],
  ]
  for (const [request, status] of cases) {
    const socket = await openSocket(weir.port)
    socket.write(request)
    t.match(await readUntil(socket, () => false), status, JSON.stringify(request.slice(0, 60)))
  }
})
