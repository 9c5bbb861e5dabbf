import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { openAuthority } from '../../src/ca/authority.ts'
import { ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { connectThrough, openSocket, readHead, readUntil } from '../helpers/wire-client.ts'

t.test('what is no proxy request is closed at once and told in the log', async (t) => {
  const stage = await setStage(t, { config: { timeouts: { drainMs: 500, headerMs: 1500 } } })
  for (const bytes of [
    'SSH-2.0-OpenSSH\r\n',
    '\x05\x01\x00',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\0'.repeat(100),
    'EHLO x\r\n',
    '{"a":1}',
  ]) {
    const client = await stage.open()
    client.write(bytes, 'latin1')
    const { text } = await readToEnd(client)
    t.ok(text === '' || text.startsWith('HTTP/1.1 400 '), `${JSON.stringify(bytes.slice(0, 20))}: ${text}`)
  }
  t.match(stage.weir.log.join(''), /edge\.stray-connection/u)
  const secure = connectTls({ host: '127.0.0.1', port: stage.weir.port, rejectUnauthorized: false })
  await new Promise((resolve) => secure.once('error', resolve))
  const silent = await stage.open()
  t.equal((await readToEnd(silent)).text, '', 'a client that says nothing is closed')
  const [event, ...more] = flowEvents(await stage.weir.waitForEvents((events) => flowEvents(events).length > 0))
  t.match(event, {
    phase: 'tunnel',
    action: 'block',
    reason: 'not-proxy-protocol',
    destination: { port: stage.weir.port },
  })
  t.equal(more.length, 0, 'folded')
})

t.test('a client of another network gets 403, before it says a word', async (t) => {
  const stage = await setStage(t, {
    config: { proxy: { listen: ['127.0.0.1:0'], networks: ['10.0.0.0/8', '::1/128'] } },
  })
  const client = await stage.open()
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 403 /u)
})

t.test('more connections than allowed get 503 with Retry-After, and a place that is free again serves', async (t) => {
  const stage = await setStage(t, { config: { limits: { perClient: 2 } } })
  const host = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => socket.write(ok('fine'))))
  const first = await stage.open()
  const second = await stage.open()
  for (const socket of [first, second]) {
    socket.write(requestTo(host))
    await readUntil(socket, (text) => text.endsWith('fine'))
  }
  const third = await stage.open()
  t.match((await readToEnd(third)).text, /^HTTP\/1\.1 503 .*retry-after: 5/isu)
  first.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const again = await stage.open()
  again.write(requestTo(host))
  t.match(await readUntil(again, (text) => text.endsWith('fine')), /^HTTP\/1\.1 200 OK/u)
  for (const socket of [second, again]) socket.destroy()
})

t.test('a trusted proxy in front opens as many as all its clients need, up to its own limit', async (t) => {
  const stage = await setStage(t, {
    config: { limits: { perClient: 1, perProxy: 3 }, identity: { trustedProxies: ['127.0.0.1/32'] } },
  })
  const host = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => socket.write(ok('fine'))))
  const opened: Socket[] = []
  for (let count = 0; count < 3; count++) {
    const socket = await stage.open()
    socket.write(requestTo(host))
    await readUntil(socket, (text) => text.endsWith('fine'))
    opened.push(socket)
  }
  t.match((await readToEnd(await stage.open())).text, /^HTTP\/1\.1 503 /u)
  for (const socket of opened) socket.destroy()
})

t.test('a stop lets a stream finish, refuses new connections, and loses no event', async (t) => {
  const stage = await setStage(t, { config: { timeouts: { drainMs: 5000 } } })
  const host = stage.host('monitored')
  let upstream: Socket | null = null
  stage.play((socket) =>
    onRequests(socket, () => {
      upstream = socket
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
      )
    }),
  )
  const client = await stage.open()
  client.write(requestTo(host, '{}'))
  await readUntil(client, (text) => text.includes('data: 1'))
  const idle = await stage.open()
  const stopped = stage.weir.stop()
  await t.rejects(openSocket(stage.weir.port), { code: 'ECONNREFUSED' })
  idle.destroy()
  ;(upstream as Socket | null)?.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n')
  t.match((await readToEnd(client)).text, /data: 2\n\n\r\n0\r\n\r\n$/u)
  await stopped
  const events = flowEvents(stage.weir.events())
  t.match(events.at(-1), { phase: 'outcome', status: 200, complete: true })
})

t.test('what does not finish in time is cut, and its event says so', async (t) => {
  const stage = await setStage(t, { config: { timeouts: { drainMs: 100 } } })
  const host = stage.host('monitored')
  stage.play((socket) =>
    onRequests(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')),
  )
  const client = await stage.open()
  client.write(requestTo(host, '{}'))
  await readUntil(client, (text) => text.includes('data: 1'))
  const plain = stage.host('plain')
  const tunnel = await connectThrough(stage.weir.port, `${plain}:443`)
  t.match(tunnel.head, /^HTTP\/1\.1 200/u)
  await Promise.all([stage.weir.stop(), readToEnd(client), readToEnd(tunnel.socket)])
  const events = flowEvents(stage.weir.events())
  t.match(events.at(-1), { phase: 'outcome', status: 200, complete: false })
})

t.test('descriptors and counters return to where they were after many short connections', async (t) => {
  const stage = await setStage(t, { config: { proxy: { listen: ['127.0.0.1:0'] } } })
  const monitored = stage.host('monitored')
  const plain = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => socket.write(ok('x', 'Connection: close\r\n'))))
  const round = async (): Promise<void> => {
    const one = await stage.open()
    one.write(requestTo(monitored, '{}', 'Connection: close\r\n'))
    await readToEnd(one)
    const two = await stage.open()
    two.write(requestTo(plain, null, 'Connection: close\r\n'))
    await readToEnd(two)
    const three = await connectThrough(stage.weir.port, `${plain}:443`)
    three.socket.write('hello\r\n\r\n')
    three.socket.end()
    await readToEnd(three.socket)
    const four = await connectThrough(stage.weir.port, `${monitored}:443`)
    four.socket.destroy()
    const five = await stage.open()
    five.destroy()
  }
  for (let warm = 0; warm < 3; warm++) await round()
  const settled = async (): Promise<number> => {
    for (let wait = 0; wait < 100 && (await gauge(stage.weir.adminPort)) > 0; wait++) await pause(20)
    return openDescriptors()
  }
  const before = await settled()
  for (let count = 0; count < 40; count++) await round()
  const after = await settled()
  t.equal(await gauge(stage.weir.adminPort), 0, 'no connection is counted any more')
  t.ok(after - before <= 8, `${before} descriptors before, ${after} after`)
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How many client connections Weir counts. */
async function gauge(adminPort: number): Promise<number> {
  const socket = await openSocket(adminPort)
  socket.write(`GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:${adminPort}\r\nConnection: close\r\n\r\n`)
  const { text } = await readToEnd(socket)
  return Number(/^weir_connections(?:\{[^}]*\})? (\d+)/mu.exec(text)?.[1] ?? Number.NaN)
}

const openDescriptors = (): number => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0)

t.test('a client may speak TLS to the proxy itself', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'weir-tls-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const files = { chain: null, key: null, pkcs12: null, passphraseFile: null }
  const opened = await openAuthority({ ...files, dir, leafDays: 30, nowMs: Date.now })
  t.ok(opened.ok)
  // Any certificate with its key will do: that of a fresh authority.
  const fileWith = (mark: RegExp): string =>
    readdirSync(dir)
      .map((name) => join(dir, name))
      .find((file) => statSync(file).isFile() && mark.test(readFileSync(file, 'latin1'))) ?? ''
  const tls = { chain: fileWith(/BEGIN CERTIFICATE/u), key: fileWith(/PRIVATE KEY/u) }
  const stage = await setStage(t, { config: { proxy: { listen: ['127.0.0.1:0'], tls } } })
  const host = stage.host('plain')
  stage.play((socket) => onRequests(socket, () => socket.write(ok('over tls'))))
  const secure = connectTls({ host: '127.0.0.1', port: stage.weir.port, rejectUnauthorized: false })
  await new Promise((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
  })
  secure.write(requestTo(host))
  t.match(await readHead(secure), /^HTTP\/1\.1 200 OK/u)
  secure.destroy()
})
