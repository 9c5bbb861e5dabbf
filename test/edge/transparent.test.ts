import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { ok, onRequests, readToEnd, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t, {
  config: {
    proxy: { transparent: ['127.0.0.1:0', { listen: '127.0.0.1:0', port: 80 }] },
    audit: { tunnels: 'all' },
    timeouts: { drainMs: 300, headerMs: 800 },
  },
})
const ports = stage.weir.addresses.transparent.map(({ port }) => port)
const open = (): Promise<Socket> => openSocket(ports[0] ?? 0)
const request = (host: string): string => `GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`

t.test('TLS to an AI host is ended here, under its name', async (t) => {
  const host = stage.host('monitored')
  const socket = await open()
  const secure = connectTls({ socket, servername: host, ca: stage.weir.ca })
  await once(secure, 'secureConnect')
  t.equal(secure.getPeerCertificate().subjectaltname, `DNS:${host}`)
  secure.destroy()
})

t.test('TLS to another host reaches it, byte by byte', async (t) => {
  const host = stage.host('plain')
  const first = Promise.withResolvers<Buffer>()
  stage.play((socket) => socket.once('data', (bytes: Buffer) => first.resolve(bytes)))
  const socket = await open()
  const secure = connectTls({ socket, servername: host })
  secure.on('error', () => undefined)
  t.match((await first.promise).toString('latin1'), new RegExp(host.replaceAll('.', '\\.'), 'u'))
  secure.destroy()
})

t.test('plain HTTP goes to its Host: decided per request on an AI host, untouched elsewhere', async (t) => {
  stage.play((socket) => onRequests(socket, (text) => socket.write(ok(text.split('\r\n')[0] ?? ''))))
  for (const kind of ['plain', 'monitored'] as const) {
    const socket = await open()
    socket.write(request(stage.host(kind)))
    t.match(await readUntil(socket, (text) => text.endsWith('GET /x HTTP/1.1')), /^HTTP\/1\.1 200 OK/u, kind)
    socket.destroy()
  }
})

t.test('what names no destination is refused: readable for HTTP, closed for the rest, one folded event', async (t) => {
  const host = stage.host('plain')
  stage.play(() => t.fail('something was dialled'))
  for (const [bytes, answer] of [
    ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 [^]*no Host header/u],
    [`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`, /^HTTP\/1\.1 400 /u],
    [`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`, /^HTTP\/1\.1 400 /u],
    [`${request(host).trimEnd()}\r\nHost: other.example\r\n\r\n`, /^HTTP\/1\.1 400 /u],
    [request(`${host}:8080`), /^HTTP\/1\.1 400 [^]*stands for 80/u],
    [request('a b'), /^HTTP\/1\.1 400 /u],
    ['SSH-2.0-OpenSSH\r\n', /^$/u],
    ['\x05\x01\x00', /^$/u],
  ] as const) {
    const socket = await open()
    socket.write(bytes, 'latin1')
    t.match((await readToEnd(socket)).text, answer, JSON.stringify(bytes))
  }
  const nameless = await open()
  const secure = connectTls({ socket: nameless, rejectUnauthorized: false })
  await once(secure, 'error')
  const isIt = ({ reason }: Record<string, unknown>): boolean => reason === 'no-destination'
  const events = flowEvents(await stage.weir.waitForEvents((all) => all.some(isIt))).filter(isIt)
  t.equal(events.length, 1)
  t.match(events[0], { action: 'block', destination: { host: '127.0.0.1', port: ports[0] } })
})

t.test('an address for one port stands for that port, and this machine itself is no destination there', async (t) => {
  const socket = await openSocket(ports[1] ?? 0)
  socket.write(request('127.0.0.1'))
  t.match((await readToEnd(socket)).text, /^HTTP\/1\.1 403 [^]*address is refused/u)
})

t.test('a client that says nothing, or a word and no more, is closed', async (t) => {
  for (const word of ['', 'GET / HT', '\x16\x03\x01\x02\0']) {
    const socket = await open()
    if (word !== '') socket.write(word, 'latin1')
    t.equal((await readToEnd(socket)).text, '')
  }
})

t.test('where everybody has to be known, a redirected client cannot be: it is refused, not let through', async (t) => {
  const strict = await setStage(t, {
    config: { proxy: { transparent: ['127.0.0.1:0'] }, identity: { authenticate: 'required' } },
  })
  strict.play(() => t.fail('something was dialled'))
  const socket = await openSocket(strict.weir.addresses.transparent[0]?.port ?? 0)
  socket.write(request(strict.host('plain')))
  t.match((await readToEnd(socket)).text, /^HTTP\/1\.1 403 /u)
})
