/** Connections handed on by a balancer: Debian's haproxy in front of Weir, and balancers played by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort, skipWithoutDebian, startDaemon, until } from '../helpers/debian.ts'
import { personTextOf } from '../helpers/persons.ts'
import { ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { exchangeOnce, readUntil } from '../helpers/wire-client.ts'

const MAP = [
  { cidr: '192.0.2.0/24', user: 'alice@acme.example', groups: ['engineering'], network: 'site-1' },
  { cidr: '127.0.0.0/8', user: 'the-balancer', network: 'data-centre' },
]

/** Weir that believes balancers on loopback; clients are in 192.0.2.0/24. */
async function stageBehindBalancer(t: Test, config: Record<string, Record<string, unknown>> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'weir-balancer-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const map = join(dir, 'map.yaml')
  writeFileSync(map, JSON.stringify(MAP))
  return setStage(t, {
    config: {
      ...config,
      proxy: {
        listen: ['127.0.0.1:0'],
        networks: ['192.0.2.0/24'],
        proxyProtocol: ['127.0.0.0/8'],
        ...config['proxy'],
      },
      identity: { map },
    },
  })
}

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const v1 = (source: string): string => `PROXY TCP4 ${source} 198.51.100.1 50000 3128\r\n`
const v2 = (source: string): Buffer =>
  Buffer.concat([
    V2_SIGNATURE,
    Buffer.from([
      0x21,
      0x11,
      0,
      15,
      ...source.split('.').map(Number),
      198,
      51,
      100,
      1,
      0xc3,
      0x50,
      0x0c,
      0x38,
      4,
      0,
      0,
    ]),
  ])
const LOCAL = Buffer.concat([V2_SIGNATURE, Buffer.from([0x20, 0, 0, 0])])

t.test('the client that the balancer names counts for networks, identity and events', async (t) => {
  const stage = await stageBehindBalancer(t)
  stage.play((socket) => onRequests(socket, () => socket.write(ok('fine'))))
  for (const header of [v1('192.0.2.10'), v2('192.0.2.11')]) {
    const socket = await stage.open()
    socket.write(Buffer.concat([Buffer.from(header), Buffer.from(requestTo(stage.host('monitored'), '{}'))]))
    t.match(await readUntil(socket, (text) => text.endsWith('fine')), /^HTTP\/1\.1 200 /u)
    socket.destroy()
  }
  const events = flowEvents(
    await stage.weir.waitForEvents((all) => flowEvents(all).filter(({ phase }) => phase === 'outcome').length === 2),
  )
  t.ok(events.length >= 2)
  const page = personTextOf(stage.weir.dir)
  t.match(page, /192\.0\.2\.10/u)
  t.match(page, /192\.0\.2\.11/u)
  t.match(page, /alice@acme\.example/u)
  t.notMatch(page, /the-balancer/u)
  const stranger = await stage.open()
  stranger.write(v1('203.0.113.9'))
  t.match((await readToEnd(stranger)).text, /^HTTP\/1\.1 403 /u, 'a client of another network is refused')
})

t.test('a balancer that speaks for itself counts as itself', async (t) => {
  const stage = await stageBehindBalancer(t)
  for (const header of [LOCAL, Buffer.from('PROXY UNKNOWN\r\n')]) {
    const socket = await stage.open()
    socket.write(header)
    t.match((await readToEnd(socket)).text, /^HTTP\/1\.1 403 /u, 'and its own network may not use the proxy here')
  }
})

t.test('a balancer that sends no header, or a broken one, is refused and recorded', async (t) => {
  const stage = await stageBehindBalancer(t, { proxy: { networks: ['0.0.0.0/0'] } })
  for (const bytes of [requestTo('a.example'), 'PROXY TCP4 1 2 3 4\r\n', '\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0']) {
    const socket = await stage.open()
    socket.write(bytes, 'latin1')
    t.equal((await readToEnd(socket)).text, '')
  }
  const events = flowEvents(await stage.weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(events, [{ phase: 'tunnel', action: 'block', reason: 'balancer-header', error: { code: 'balancer-header' } }])
  t.match(stage.weir.log.join(''), /edge\.stray-connection/u)
})

t.test('a header from somebody who is no balancer is garbage, never believed', async (t) => {
  const stage = await stageBehindBalancer(t, {
    proxy: { networks: ['127.0.0.0/8', '192.0.2.0/24'], proxyProtocol: ['198.51.100.0/24'] },
  })
  for (const header of [v1('192.0.2.10'), v2('192.0.2.10')]) {
    const socket = await stage.open()
    socket.write(Buffer.concat([Buffer.from(header), Buffer.from(requestTo(stage.host('monitored'), '{}'))]))
    t.equal((await readToEnd(socket)).text, '')
  }
  const events = flowEvents(await stage.weir.waitForEvents((all) => flowEvents(all).length > 0))
  t.match(events, [{ phase: 'tunnel', reason: 'not-proxy-protocol' }])
  t.notMatch(personTextOf(stage.weir.dir), /192\.0\.2\.10/u)
})

t.test('the limit of connections counts by client, not by balancer', async (t) => {
  const stage = await stageBehindBalancer(t, { limits: { perClient: 1 } })
  stage.play((socket) => onRequests(socket, () => socket.write(ok('fine'))))
  const host = stage.host('plain')
  const opened = []
  for (const source of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const socket = await stage.open()
    opened.push(socket)
    socket.write(v1(source) + requestTo(host))
    t.match(await readUntil(socket, (text) => text.endsWith('fine')), /^HTTP\/1\.1 200 /u, source)
  }
  const second = await stage.open()
  second.write(v1('192.0.2.1'))
  t.match((await readToEnd(second)).text, /^HTTP\/1\.1 503 /u)
  for (const socket of opened) socket.destroy()
})

t.test('silent connections of a balancer leave nothing behind', async (t) => {
  const stage = await stageBehindBalancer(t, { timeouts: { headerMs: 100 } })
  const sockets = await Promise.all(Array.from({ length: 20 }, () => stage.open()))
  for (const socket of sockets.slice(0, 10)) socket.end()
  await Promise.all(sockets.map(readToEnd))
  await until(async () => (await connections(stage.weir.adminPort)) === 0)
  t.equal(flowEvents(stage.weir.events()).length, 0, 'a health check by TCP alone is no event')
})

for (const [send, family] of [
  ['send-proxy', 'version 1'],
  ['send-proxy-v2', 'version 2'],
] as const) {
  t.test(`Debian's haproxy hands connections on by ${family}`, { skip: skipWithoutDebian('haproxy') }, async (t) => {
    const stage = await stageBehindBalancer(t, { proxy: { networks: ['127.0.0.0/8'] } })
    stage.play((socket) => onRequests(socket, () => socket.write(ok('fine', 'Connection: close\r\n'))))
    const front = await startHaproxy(t, stage.weir.port, send)
    // haproxy itself dials from 127.0.0.1: only its word can make Weir see another client.
    const socket = await connectFrom('127.0.0.9', front)
    const request = requestTo(stage.host('monitored'), '{}', 'Connection: close\r\n')
    t.equal((await exchangeOnce(socket, request)).status, 200)
    await stage.weir.waitForEvents((all) => flowEvents(all).some(({ phase }) => phase === 'outcome'))
    t.match(personTextOf(stage.weir.dir), /"127\.0\.0\.9"/u)
    t.notMatch(personTextOf(stage.weir.dir), /"127\.0\.0\.1"/u)
    t.equal(
      flowEvents(stage.weir.events()).filter(({ reason }) => reason === 'balancer-header').length,
      0,
      'every connection of haproxy began with a header, its health checks too',
    )
  })
}

function connectFrom(localAddress: string, port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true })
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}

async function startHaproxy(t: Test, target: number, send: string): Promise<number> {
  const port = await freePort()
  const lines = [
    'defaults',
    '  mode tcp',
    '  timeout connect 5s',
    '  timeout client 10s',
    '  timeout server 10s',
    'listen front',
    `  bind 127.0.0.1:${port}`,
    `  server weir 127.0.0.1:${target} ${send} check inter 100`,
    '',
  ]
  const dir = mkdtempSync(join(tmpdir(), 'weir-haproxy-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'haproxy.cfg'), lines.join('\n'))
  await startDaemon(t, { name: 'haproxy', args: ['-db', '-f', join(dir, 'haproxy.cfg')], port })
  return port
}

/** What the gauge of connections says. */
async function connections(adminPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return Number(/^weir_connections(?:\{\})? (\d+)$/mu.exec(text)?.[1] ?? Number.NaN)
}
