import { constants, type ServerHttp2Stream } from 'node:http2'
import t from 'tap'
import type { UpstreamExchange } from '../../src/flow/ports.ts'
import { setUpForwarder } from '../helpers/forwarder.ts'
import {
  END_STREAM,
  goawayFrame,
  headersFrame,
  type RawPeer,
  rstFrame,
  startHttp2Origin,
  startRawHttp2,
} from '../helpers/http2-origin.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'

const PINNED = 'origin.example:443'
const ok = (peer: RawPeer, id: number): void => peer.send(headersFrame(id, END_STREAM, ':status', '204'))

t.test('many requests at once to a new origin share one dial', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttp2Origin(t, pki, (stream) => stream.respond({ ':status': 204 }, { endStream: true }))
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const results = await Promise.all(Array.from({ length: 50 }, () => send()))
  t.ok(results.every(({ status }) => status === 204))
  t.equal(origin.connections(), 1)
})

t.test("more connections are made where the peer's limit of streams is reached, and all are answered", async (t) => {
  const pki = await makePki(t)
  const options = { settings: { maxConcurrentStreams: 2 } }
  const origin = await startHttp2Origin(
    t,
    pki,
    (stream) => setTimeout(() => stream.respond({ ':status': 204 }, { endStream: true }), 30),
    options,
  )
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  t.match(await send(), { status: 204 })
  const results = await Promise.all(Array.from({ length: 9 }, () => send()))
  t.strictSame(
    results.map(({ status, error }) => error?.message ?? status),
    Array.from({ length: 9 }, () => 204),
  )
  t.ok(origin.connections() > 1)
})

t.test('an origin that chooses HTTP/1 is asked once, on the connection that was made', async (t) => {
  const pki = await makePki(t)
  let connections = 0
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('one'))
  origin.server.on('connection', () => connections++)
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  t.match(await send(), { status: 200, body: 'one' })
  await new Promise((resolve) => setTimeout(resolve, 30))
  t.match(await send({ headers: ['Host', 'origin.example', 'TE', 'trailers'] }), { status: 200, body: 'one' })
  t.equal(connections, 1)
})

t.test('two names at one address never share a connection, though the certificate would do', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttp2Origin(t, pki, (stream) => stream.respond({ ':status': 204 }, { endStream: true }))
  const pins = { [PINNED]: origin.address, 'other.example:443': origin.address, 'origin.example:8443': origin.address }
  const { send } = setUpForwarder(t, { pins, roots: [pki.rootPem] })
  for (const to of [{}, { host: 'other.example' }, { port: 8443 }]) t.match(await send(to), { status: 204 })
  t.equal(origin.connections(), 3)
})

t.test('a stream that was refused or lies behind GOAWAY is sent again once, and only once', async (t) => {
  const pki = await makePki(t)
  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_ENHANCE_YOUR_CALM } = constants
  for (const refuse of [
    (peer: RawPeer, id: number) => peer.send(rstFrame(id, NGHTTP2_REFUSED_STREAM)),
    (peer: RawPeer) => peer.send(goawayFrame(0, NGHTTP2_NO_ERROR)),
    (peer: RawPeer) => peer.send(goawayFrame(0, NGHTTP2_ENHANCE_YOUR_CALM)),
  ]) {
    let asked = 0
    const origin = await startRawHttp2(t, pki, (peer, id) => {
      asked++
      if (asked === 1 || asked > 2) refuse(peer, id)
      else ok(peer, id)
    })
    const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
    t.match(await send({ method: 'POST', body: Buffer.from('whole') }), { status: 204, error: null })
    t.equal(asked, 2)
    t.match(await send(), { status: null, error: { side: 'upstream' } })
    t.equal(asked, 4)
  }
})

t.test(
  'a connection that dies while idle costs a retry, one that dies in use gives each exchange its own error',
  async (t) => {
    const pki = await makePki(t)
    const origin = await startRawHttp2(t, pki, (peer, id) => {
      if (peer.index === 0 && id > 1) peer.socket.destroy()
      else if (peer.index === 0 || id <= 3) ok(peer, id)
      else if (id > 7) peer.socket.destroy()
    })
    const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
    t.match(await send(), { status: 204 })
    t.match(await send(), { status: 204, error: null }, 'sent again on a new connection')
    t.match(await send(), { status: 204 })
    t.equal(origin.connections(), 2)
  },
)

t.test('a connection made ahead serves the request that follows', async (t) => {
  const pki = await makePki(t)
  const h2 = await startHttp2Origin(t, pki, (stream) => stream.respond({ ':status': 204 }, { endStream: true }))
  const { send, forwarder } = setUpForwarder(t, { pins: { [PINNED]: h2.address }, roots: [pki.rootPem] })
  forwarder.prepare({ scheme: 'https', host: 'origin.example', port: 443 })
  t.match(await send(), { status: 204 })
  forwarder.prepare({ scheme: 'https', host: 'origin.example', port: 443 })
  t.match(await send(), { status: 204 })
  t.equal(h2.connections(), 1)
})

t.test(
  "one client's cancels end nobody else's exchange, where a server ends connections with many resets",
  async (t) => {
    const pki = await makePki(t)
    const running = new Set<ServerHttp2Stream>()
    const met = new Map<string, () => void>()
    const origin = await startHttp2Origin(
      t,
      pki,
      (stream, headers) => {
        if (headers[':path'] !== '/long') return met.get(String(headers[':path']))?.()
        stream.respond({ ':status': 200 })
        running.add(stream)
      },
      { streamResetBurst: 150, streamResetRate: 1 },
    )
    const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
    const long = [send({ target: '/long' })]
    for (let round = 0; round < 20; round++) {
      const cancels = Array.from({ length: 20 }, async (_, index) => {
        const { promise: isMet, resolve } = Promise.withResolvers<null>()
        const { promise: started, resolve: onStart } = Promise.withResolvers<UpstreamExchange>()
        const target = `/cancelled/${round}-${index}`
        met.set(target, () => resolve(null))
        send({ target, onStart }).catch(() => undefined)
        await isMet // before that it would be given up without a reset
        ;(await started).cancel()
      })
      await Promise.all(cancels)
      if (round === 10) long.push(send({ target: '/long' }))
    }
    await waitUntil(() => running.size === 2)
    for (const stream of running) stream.end('whole')
    for (const each of await Promise.all(long)) t.match(each, { status: 200, body: 'whole', error: null })
    t.ok(origin.connections() >= 4, 'connections with many cancels take no more')
    await waitUntil(() => origin.sockets.size <= 1)
    t.pass('and are closed when what ran on them is over')
  },
)

async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
