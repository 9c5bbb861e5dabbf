import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { closed, deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { connectThrough, openSocket, readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t, {
  config: { timeouts: { drainMs: 500, handshakeMs: 1500, tunnelIdleMs: 1500 }, audit: { tunnels: 'all' } },
  pins: { 'closed.example:443': '127.0.0.1:1' },
})
const through = (host: string, port = 443) => connectThrough(stage.weir.port, `${host}:${port}`)
const eventOf = async (host: string): Promise<Record<string, unknown> | undefined> => {
  const isIt = ({ destination }: Record<string, unknown>): boolean =>
    (destination as { host?: string } | undefined)?.host === host
  return flowEvents(await stage.weir.waitForEvents((events) => flowEvents(events).some(isIt))).find(isIt)
}

t.test('bytes sent together with CONNECT reach the destination', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => socket.once('data', (bytes: Buffer) => socket.end(`got ${bytes.toString()}`)))
  const client = await openSocket(stage.weir.port)
  client.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\nearly\r\n`)
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 200 Connection established\r\n\r\ngot early\r\n$/u)
  t.match(await eventOf(host), { phase: 'tunnel', action: 'allow', bytesIn: 7, bytesOut: 11 })
})

t.test('a client that half-closes at once, with or without a word, still hears the server out', async (t) => {
  for (const word of ['', 'QUIT']) {
    const host = stage.host('plain')
    const seen: string[] = []
    stage.play((socket) => {
      socket.removeAllListeners('end')
      socket.on('data', (bytes: Buffer) => seen.push(bytes.toString()))
      socket.once('end', () => socket.end('all of it'))
    })
    const { socket } = await through(host)
    socket.end(word)
    t.equal((await readToEnd(socket)).text, 'all of it')
    t.equal(seen.join(''), word)
  }
})

t.test('a tunnel on which nobody ever speaks is closed', async (t) => {
  const upstream = deferred<Socket>()
  stage.play((socket) => upstream.resolve(socket.resume()))
  const host = stage.host('plain')
  const { socket } = await through(host)
  await readToEnd(socket)
  await closed(await upstream.promise)
  t.match(await eventOf(host), { action: 'allow', bytesIn: 0, bytesOut: 0 })
})

t.test('an intercepted tunnel on which nobody speaks, or the handshake stops, is closed', async (t) => {
  const silent = stage.host('monitored')
  const { socket } = await through(silent)
  t.equal((await readToEnd(socket)).text, '')
  const stuck = await through(stage.host('monitored'))
  stuck.socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]))
  t.equal((await readToEnd(stuck.socket)).text, '')
})

t.test('a destination that cannot be reached is an answer to CONNECT, with the id of its event', async (t) => {
  const { socket, head } = await connectThrough(stage.weir.port, 'closed.example:443')
  t.match(head, /^HTTP\/1\.1 502 /u)
  const event = await eventOf('closed.example')
  t.match(event, { error: { code: 'connect-refused', side: 'upstream' } })
  t.match(head, new RegExp(`x-weir-event: ${String(event?.['flow'])}`, 'iu'))
  socket.destroy()
})

t.test('a client that leaves while the destination is dialled or before it spoke leaves nothing open', async (t) => {
  const host = stage.host('plain')
  const upstream = deferred<Socket>()
  stage.play((socket) => upstream.resolve(socket.resume()))
  const { socket } = await through(host)
  socket.destroy()
  await closed(await upstream.promise)
  t.match(await eventOf(host), { phase: 'tunnel' })
})

t.test('a destination that resets before the client spoke closes the client', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => setTimeout(() => socket.resetAndDestroy(), 50))
  const { socket } = await through(host)
  await readToEnd(socket)
  t.match(await eventOf(host), { error: { code: 'upstream-reset' } })
})

t.test('plain HTTP inside a tunnel to an AI host is decided per request', async (t) => {
  const host = stage.host('monitored')
  stage.play((socket) => onRequests(socket, () => socket.write(ok('inside'))))
  const { socket } = await through(host, 80)
  socket.write(requestTo(host).replace(`http://${host}`, ''))
  t.match(await readUntil(socket, (text) => text.endsWith('inside')), /^HTTP\/1\.1 200 OK/u)
  socket.destroy()
  t.match(await eventOf(host), { tool: 'azure-openai' })
})

t.test('a hello in pieces is intercepted all the same, under one name only', async (t) => {
  const host = stage.host('monitored')
  const { socket } = await through(host)
  socket.setNoDelay(true)
  const secure = connectTls({ socket, servername: host, ca: stage.weir.ca })
  await new Promise((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
  })
  const { subjectaltname, issuer } = secure.getPeerCertificate()
  t.equal(subjectaltname, `DNS:${host}`)
  t.match(issuer.CN, /weir/iu)
  secure.destroy()
})

t.test('two slow clients at once: each holds only its own destination back', async (t) => {
  const hosts = [stage.host('plain'), stage.host('plain')]
  const written = new Map<Socket, number>()
  stage.play((socket) => {
    const chunk = Buffer.alloc(65_536)
    written.set(socket, 0)
    const pump = (): void => {
      while (!socket.destroyed && socket.write(chunk)) written.set(socket, (written.get(socket) ?? 0) + chunk.length)
    }
    socket.on('drain', pump)
    socket.once('data', pump)
  })
  const clients = await Promise.all(hosts.map(async (host) => (await through(host)).socket))
  for (const client of clients) client.pause().write('go\r\n')
  await new Promise((resolve) => setTimeout(resolve, 500))
  const first = [...written.values()]
  t.equal(first.length, 2)
  for (const bytes of first) t.ok(bytes < 64_000_000, `${bytes} bytes were taken`)
  for (const client of clients) client.destroy()
})
