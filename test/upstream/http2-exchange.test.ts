import { constants } from 'node:http2'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { handFed, setUpForwarder } from '../helpers/forwarder.ts'
import {
  dataFrame,
  END_STREAM,
  FRAME,
  headersFrame,
  type RawPeer,
  rstFrame,
  startHttp2Origin,
  startRawHttp2,
} from '../helpers/http2-origin.ts'
import { makePki } from '../helpers/pki.ts'

const PINNED = 'origin.example:443'
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants

t.test('a request goes out with the pseudo headers of its destination, and the response comes back', async (t) => {
  const pki = await makePki(t)
  const seen: string[][] = []
  const origin = await startHttp2Origin(t, pki, (stream, _headers, raw) => {
    seen.push(raw)
    stream.respond({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'x-l': 'caf\u00e9' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'caf\u00e9' }))
    stream.end('hi')
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const headers = ['Host', 'origin.example:443', 'X-L', 'caf\u00e9', 'Connection', 'x-gone', 'Cookie', 'a=1', 'Cookie']
  const result = await send({ headers: [...headers, 'b=2', 'TE', 'trailers, deflate', 'Keep-Alive', 'timeout=5'] })
  t.match(result, { status: 200, body: 'hi', trailers: ['x-sum', 'caf\u00e9'], error: null })
  const pairs = result.headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${result.headers[at + 1] ?? ''}`] : []))
  t.strictSame(pairs.slice(0, 3), ['set-cookie: a=1', 'set-cookie: b=2', 'x-l: caf\u00e9'])
  t.strictSame(seen[0], [
    ...[':method', 'GET', ':scheme', 'https', ':authority', 'origin.example:443', ':path', '/x?y=1'],
    ...['x-l', 'caf\u00e9', 'cookie', 'a=1', 'cookie', 'b=2', 'te', 'trailers'],
  ])
})

t.test('a body held whole and a streamed one arrive, with trailers behind the streamed one', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttp2Origin(t, pki, (stream) => {
    let text = ''
    let trailers: unknown = null
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    stream.on('trailers', (_headers, _flags, raw) => (trailers = raw))
    stream.on('end', () => {
      stream.respond({ ':status': 200 })
      stream.end(`${text} ${JSON.stringify(trailers)}`)
    })
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  t.equal((await send({ method: 'POST', body: Buffer.from('whole') })).body, 'whole null')
  for (const trailers of [[], ['X-Sum', '1', 'connection', 'x', 'X-Sum', '2']]) {
    const body = handFed()
    const running = send({ method: 'POST', body })
    await body.started
    body.push('in ')
    body.push('parts')
    body.end(trailers)
    t.equal((await running).body, `in parts ${trailers.length === 0 ? 'null' : '["x-sum","1","x-sum","2"]'}`)
  }
})

t.test('both bodies flow at once: each message is answered before the next one is sent', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttp2Origin(t, pki, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.on('data', (chunk: Buffer) => stream.write(`<${chunk.toString()}>`))
    stream.on('end', () => stream.end())
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const body = handFed()
  let sent = 0
  const result = await send({
    method: 'POST',
    body,
    headers: ['Host', 'origin.example', 'TE', 'trailers', 'Content-Type', 'application/grpc'],
    onHead: () => body.push(String(++sent)),
    onChunk: (_exchange, chunk) => {
      t.equal(Buffer.from(chunk).toString(), `<${sent}>`)
      if (sent < 20) body.push(String(++sent))
      else body.end()
      return true
    },
  })
  t.match(result, { status: 200, trailers: ['grpc-status', '0'], error: null })
  t.equal(sent, 20)
})

t.test('HEAD, 204 and 304 have no body, interim responses are passed on', async (t) => {
  const pki = await makePki(t)
  const origin = await startHttp2Origin(t, pki, (stream, headers) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' })
    const status = Number(headers['x-status'])
    stream.respond({ ':status': status, ...(status === 200 ? { 'content-length': '5' } : {}) }, { endStream: true })
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    const result = await send({ method, headers: ['Host', 'origin.example', 'X-Status', String(status)] })
    t.match(result, { status, body: '', error: null, interim: [103] })
  }
})

t.test('cancelling resets the stream at once, with CANCEL, and the connection lives on', async (t) => {
  const pki = await makePki(t)
  const codes: number[] = []
  let reset = (): void => undefined
  const wasReset = new Promise<void>((resolve) => {
    reset = resolve
  })
  const origin = await startRawHttp2(
    t,
    pki,
    (peer, id) => {
      if (id === 1) peer.send(headersFrame(id, 0, ':status', '200'), dataFrame(id, 0, 'abc'))
      else peer.send(headersFrame(id, END_STREAM, ':status', '204'))
    },
    {
      onFrame: (_peer, { type, payload }) => {
        if (type !== FRAME.rst) return
        codes.push(payload.readUInt32BE(0))
        reset()
      },
    },
  )
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  let isOver = false
  void send({
    onChunk: (exchange) => {
      exchange.cancel()
      return true
    },
  }).then(() => (isOver = true))
  await wasReset
  t.strictSame(codes, [NGHTTP2_CANCEL])
  t.match(await send(), { status: 204 })
  t.equal(origin.connections(), 1)
  t.notOk(isOver, 'nobody is called after a cancel')
})

t.test("a body that breaks off resets the stream, and the failure is the client's", async (t) => {
  const pki = await makePki(t)
  const rst = Promise.withResolvers<number>()
  const origin = await startRawHttp2(t, pki, () => undefined, {
    onFrame: (_peer, { type, payload }) => {
      if (type === FRAME.rst) rst.resolve(payload.readUInt32BE(0))
    },
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const body = handFed()
  const running = send({ method: 'POST', body })
  await body.started
  body.push('half')
  body.fail(new ProxyError('client-gone'))
  t.match((await running).error, { code: 'client-gone' })
  t.equal(await rst.promise, NGHTTP2_CANCEL)
})

t.test('a whole answer before the end of the request is passed on, and the upload stops', async (t) => {
  const pki = await makePki(t)
  const origin = await startRawHttp2(t, pki, (peer, id) => {
    peer.send(headersFrame(id, 0, ':status', '413'), dataFrame(id, END_STREAM, 'too much'))
    peer.send(rstFrame(id, NGHTTP2_NO_ERROR))
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const body = handFed()
  t.match(await send({ method: 'POST', body }), { status: 413, body: 'too much', error: null })
  t.ok(body.isCancelled())
})

t.test('a whole answer that a slow client has not taken survives the end of its connection', async (t) => {
  const pki = await makePki(t)
  const closed = Promise.withResolvers<null>()
  const origin = await startRawHttp2(t, pki, (peer, id) => {
    peer.send(headersFrame(id, 0, ':status', '200'))
    for (let part = 0; part < 10; part++) peer.send(dataFrame(id, part === 9 ? END_STREAM : 0, Buffer.alloc(6000, 65)))
    setTimeout(() => peer.socket.end(() => closed.resolve(null)), 30)
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  const result = await send({
    onChunk: (exchange) => {
      void closed.promise.then(() => setTimeout(() => exchange.resume(), 20))
      return false
    },
  })
  t.match(result, { status: 200, bytes: 60_000, error: null })
})

t.test('a paused response gets no more window, and goes on where it stopped', async (t) => {
  const pki = await makePki(t)
  let written = 0
  const origin = await startHttp2Origin(t, pki, (stream) => {
    // The length, because node's server may close with NO_ERROR in place of END_STREAM.
    stream.respond({ ':status': 200, 'content-length': String(64 * 65_536) })
    const chunk = Buffer.alloc(65_536)
    const more = (): void => {
      while (written < 64 && stream.write(chunk)) written++
      if (written < 64) {
        written++
        stream.once('drain', more)
      } else stream.end()
    }
    more()
  })
  const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
  let isFirst = true
  const result = await send({
    onChunk: (exchange) => {
      if (!isFirst) return true
      isFirst = false
      setTimeout(() => {
        t.ok(written < 32, `held back after ${written} chunks`)
        exchange.resume()
      }, 200)
      return false
    },
  })
  t.match(result, { bytes: 64 * 65_536, error: null })
})

t.test(
  'a silent upstream is given up, before the head and after it; a client that takes nothing is to blame itself',
  async (t) => {
    const pki = await makePki(t)
    const origin = await startRawHttp2(t, pki, (peer, id) => {
      if (id > 1) peer.send(headersFrame(id, 0, ':status', '200'), dataFrame(id, 0, 'abc'))
    })
    const pins = { [PINNED]: origin.address }
    const { send } = setUpForwarder(t, { pins, roots: [pki.rootPem], idleMs: 100, firstByteMs: 100 })
    t.match((await send()).error, { code: 'upstream-timeout' })
    t.match((await send()).error, { code: 'upstream-idle' })
    t.match((await send({ onChunk: () => false })).error, { code: 'client-timeout' })
  },
)

t.test(
  'an answer that ends without END_STREAM is cut, never whole, unless its announced length is there',
  async (t) => {
    const pki = await makePki(t)
    const ends: ((peer: RawPeer, id: number) => void)[] = [
      (peer, id) => peer.send(rstFrame(id, NGHTTP2_NO_ERROR)),
      (peer, id) => peer.send(rstFrame(id, NGHTTP2_CANCEL)),
      (peer) => peer.socket.end(),
      (peer) => peer.socket.destroy(),
    ]
    for (const end of ends) {
      const origin = await startRawHttp2(t, pki, (peer, id) => {
        peer.send(headersFrame(id, 0, ':status', '200'), dataFrame(id, 0, 'abc'))
        setTimeout(() => end(peer, id), 20)
      })
      const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
      t.match(await send(), { status: 200, body: 'abc', error: { code: 'upstream-reset' } })
    }
    const origin = await startRawHttp2(t, pki, (peer, id) =>
      peer.send(headersFrame(id, 0, ':status', '200', 'content-length', '3'), dataFrame(id, 0, 'abc'), rstFrame(id, 0)),
    )
    const { send } = setUpForwarder(t, { pins: { [PINNED]: origin.address }, roots: [pki.rootPem] })
    t.match(await send(), { status: 200, body: 'abc', error: null })
  },
)
