import { execFile } from 'node:child_process'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import { closed, deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { readHead, readUntil } from '../helpers/wire-client.ts'

// Through the whole of Weir, for what matters is the wire on both sides; no host here is AI.
const stage = await setStage(t, { config: { timeouts: { drainMs: 1000, firstByteMs: 2000, tunnelIdleMs: 2000 } } })

t.test('keep-alive holds on both sides, and each request has its own path', async (t) => {
  const host = stage.host('plain')
  const connections = new Set<Socket>()
  stage.play((socket) => {
    connections.add(socket)
    onRequests(socket, (request) => socket.write(ok(request.slice(0, request.indexOf('\r\n')))))
  })
  const client = await stage.open()
  for (const path of ['/a?x=//y', '/b//c', '/d%2Fe']) {
    client.write(`GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    t.ok((await readUntil(client, (text) => text.endsWith('HTTP/1.1'))).endsWith(`GET ${path} HTTP/1.1`), path)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal(connections.size, 1)
  client.destroy()
})

t.test('no credential for the proxy and no hop-by-hop line reaches the origin', async (t) => {
  const host = stage.host('plain')
  const seen: string[] = []
  stage.play((socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(ok('x'))
    }),
  )
  const client = await stage.open()
  client.write(
    requestTo(
      host,
      null,
      'Proxy-Authorization: Basic eDp5\r\nX-Hop: 1\r\nTE: trailers\r\nConnection: X-Hop, close\r\nX-Kept: 1\r\n',
    ),
  )
  await readToEnd(client)
  t.notMatch(seen[0], /proxy-|x-hop: 1|\r\nte:/iu)
  t.match(seen[0], /\r\nX-Kept: 1\r\n/u)
})

t.test('a client that says who he is with NTLM keeps his connection, and nobody else gets it', async (t) => {
  const host = stage.host('plain')
  const connections: Socket[] = []
  stage.play((socket) => {
    connections.push(socket)
    const nth = connections.length
    onRequests(socket, () => socket.write(ok(`on ${nth}`)))
  })
  const [ann, bob] = [await stage.open(), await stage.open()]
  const ask = async (client: Socket, lines = ''): Promise<string> => {
    client.write(requestTo(host, null, lines))
    const text = await readUntil(client, (all) => /on \d$/u.test(all))
    await new Promise((resolve) => setTimeout(resolve, 20))
    return text.slice(-1)
  }
  t.equal(await ask(ann), '1')
  t.equal(await ask(ann, 'Authorization: NTLM TlRMTVNTUAAB\r\n'), '2')
  t.equal(await ask(ann, 'Authorization: NTLM TlRMTVNTUAAD\r\n'), '2', 'where the challenge came from')
  t.equal(await ask(bob), '1')
  t.equal(await ask(ann), '2')
  const isClosed = closed(connections[1] as Socket)
  ann.destroy()
  await isClosed
  t.equal(await ask(bob), '1')
  bob.destroy()
})

t.test('what the upstream cuts is cut, what it garbles is 502, and nothing hangs', async (t) => {
  const cases: Record<string, [string, RegExp]> = {
    'cut content-length': ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', /half$/u],
    'cut chunk': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', /half\r\n$/u],
    garbage: ['nonsense\r\n\r\n', /^HTTP\/1\.1 502 /u],
    nothing: ['', /^HTTP\/1\.1 502 /u],
    'an upgrade that nobody asked for': [
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw',
      /^HTTP\/1\.1 502 /u,
    ],
    'two lengths that differ': [
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      /^HTTP\/1\.1 502 /u,
    ],
  }
  for (const [name, [response, expected]] of Object.entries(cases)) {
    const host = stage.host('plain')
    stage.play((socket) => onRequests(socket, () => socket.end(response)))
    const client = await stage.open()
    client.write(requestTo(host, null, 'Connection: close\r\n'))
    t.match((await readToEnd(client)).text, expected, name)
  }
})

t.test('an origin that says nothing, before or inside its response, is given up', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => undefined))
  const client = await stage.open()
  client.write(requestTo(host, null, 'Connection: close\r\n'))
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 504 /u)
  const second = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')))
  const other = await stage.open()
  other.write(requestTo(second))
  t.match((await readToEnd(other)).text, /half$/u)
})

t.test('early hints pass', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) =>
    onRequests(socket, () => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok('done')}`)),
  )
  const client = await stage.open()
  client.write(requestTo(host))
  t.match(await readUntil(client, (text) => text.endsWith('done')), /^HTTP\/1\.1 103 .*<\/a\.css>.*HTTP\/1\.1 200 OK/su)
  client.destroy()
})

t.test('a stale pooled connection costs a GET one retry, a POST an honest 502', async (t) => {
  for (const [body, status] of [
    [null, 200],
    ['{}', 502],
  ] as const) {
    const host = stage.host('plain')
    let requests = 0
    stage.play((socket) =>
      onRequests(socket, (_request, nth) => {
        requests++
        if (nth === 1) socket.resetAndDestroy()
        else socket.write(ok('fine'))
      }),
    )
    const client = await stage.open()
    client.write(requestTo(host))
    await readUntil(client, (text) => text.endsWith('fine'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    // A form: JSON to an unknown host is looked at, and goes another way.
    client.write(requestTo(host, body).replace('application/json', 'application/x-www-form-urlencoded'))
    t.match(await readHead(client), new RegExp(`^HTTP/1\\.1 ${status} `, 'u'))
    t.equal(requests, body === null ? 3 : 2)
    client.destroy()
  }
})

t.test('a client that goes away closes the origin side', async (t) => {
  const host = stage.host('plain')
  const upstream = deferred<Socket>()
  stage.play((socket) => socket.once('data', () => upstream.resolve(socket)))
  const client = await stage.open()
  client.write(requestTo(host))
  const socket = await upstream.promise
  client.destroy()
  await closed(socket.resume())
  t.pass('closed')
})

t.test('a body without end is held back by a client that does not read', async (t) => {
  const host = stage.host('plain')
  const stuck = deferred<number>()
  let written = 0
  stage.play((socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n')
      const chunk = Buffer.alloc(65_536)
      let timer = setTimeout(() => undefined, 0)
      const pump = (): void => {
        while (!socket.destroyed && socket.write(chunk)) written += chunk.length
        clearTimeout(timer)
        timer = setTimeout(() => stuck.resolve(written), 300)
      }
      socket.on('drain', pump)
      pump()
    }),
  )
  const client = await stage.open()
  client.write(requestTo(host))
  t.ok((await stuck.promise) < 64_000_000, `${written} bytes were taken`)
  client.destroy()
})

t.test('none of it left an audit event', async (t) => {
  t.strictSame(flowEvents(stage.weir.events()), [])
})

t.test('the deprecation notice of http-proxy is kept from users, every other one is not', async (t) => {
  const script = `import { createPassThrough } from './src/upstream/pass-through.ts'
    createPassThrough({ dialer: null, firstByteMs: 1, tunnelIdleMs: 1 })
    process.emitWarning('old util', 'DeprecationWarning', 'DEP0060')
    process.emitWarning('something else', 'Warning', 'X1')`
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  t.match(stderr, /something else/u)
  t.notMatch(stderr, /DEP0060|old util/u)
})
