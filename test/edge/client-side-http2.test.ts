import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Http2ClientSide } from '../../src/edge/client-side-http2.ts'
import { ask, responseOn } from '../helpers/http2-client.ts'

/** A real session whose streams come as client sides. */
async function serve(t: Test, handle: (side: Http2ClientSide) => void): Promise<ClientHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, headers, _flags, rawHeaders: string[]) => {
    stream.on('error', () => undefined)
    handle(new Http2ClientSide({ stream, method: headers[':method'] ?? '', headers: rawHeaders }, 10_000))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.on('error', () => undefined)
  t.teardown(async () => {
    client.destroy()
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return client
}

t.test('the head says what comes: nothing, or a body with or without its length', async (t) => {
  const seen: unknown[] = []
  const client = await serve(t, (side) => {
    seen.push([side.http, side.hasBody, side.declaredBytes])
    side.answer({ status: 200, headers: ['content-length', '0'], body: new Uint8Array() })
  })
  await ask(client, {})
  await ask(client, { ':method': 'POST', 'content-length': '2' }, 'ab')
  await ask(client, { ':method': 'POST' }, 'ab')
  t.strictSame(seen, [
    ['2', false, null],
    ['2', true, 2],
    ['2', true, null],
  ])
})

t.test('hints, head, body and trailers go out; nothing goes out late', async (t) => {
  const client = await serve(t, (side) => {
    side.inform(102, [])
    side.inform(103, ['Link', '</a.css>; rel=preload'])
    t.notOk(side.hasResponded)
    side.head(200, 'Fine', ['X-One', '1', 'x-one', '2'])
    t.ok(side.hasResponded)
    side.inform(103, ['Link', '</late.css>'])
    side.write(Buffer.from('abc'))
    side.end(['X-Sum', '7'])
  })
  const stream = client.request({ ':path': '/' })
  const hints: unknown[] = []
  stream.on('headers', (headers) => hints.push(headers['link']))
  const response = await responseOn(stream)
  t.match(response, { status: 200, trailers: { 'x-sum': '7' }, rstCode: 0 })
  t.equal(response.body.toString(), 'abc')
  t.strictSame(hints, ['</a.css>; rel=preload'])
})

t.test(
  'a body of announced length ends with its last byte, whenever the end is told; nothing goes out behind it',
  async (t) => {
    let side: Http2ClientSide | null = null
    const client = await serve(t, (each) => {
      side = each
      each.head(200, '', ['content-length', '4'])
      each.write(Buffer.from('ab'))
      setImmediate(() => each.write(Buffer.from('cd')))
    })
    const response = await ask(client, {})
    t.equal(response.body.toString(), 'abcd')
    t.equal(response.rstCode, 0)
    const late = side as Http2ClientSide | null
    t.ok(late?.write(Buffer.from('more')))
    t.doesNotThrow(() => late?.end(['x-sum', '7']))
  },
)

t.test('a body that is shorter than announced is cut', async (t) => {
  const client = await serve(t, (side) => {
    side.head(200, '', ['content-length', '4'])
    side.write(Buffer.from('ab'))
    side.end([])
  })
  t.not((await ask(client, {})).rstCode, 0)
})

t.test('an announced trailer, and one of gRPC, comes behind a body of announced length', async (t) => {
  for (const line of [
    ['trailer', 'x-sum'],
    ['content-type', 'application/grpc+proto'],
  ]) {
    const client = await serve(t, (side) => {
      side.head(200, '', ['content-length', '2', ...line])
      side.write(Buffer.from('ab'))
      side.end(['x-sum', '7'])
    })
    t.match(await ask(client, {}), { body: Buffer.from('ab'), trailers: { 'x-sum': '7' }, rstCode: 0 })
  }
})

t.test('trailers of the request are not those of the response', async (t) => {
  const trailers = Promise.withResolvers<unknown>()
  const client = await serve(t, (side) => {
    side.head(200, '', [])
    side.body.attach({
      chunk: () => true,
      end: (lines) => {
        trailers.resolve(lines)
        side.end(['x-response', '2'])
      },
      fail: (error) => trailers.reject(error),
    })
  })
  const stream = client.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-request': '1' }))
  stream.end('body')
  const response = await responseOn(stream)
  t.strictSame(await trailers.promise, ['x-request', '1'])
  t.equal(response.trailers['x-response'], '2')
  t.equal(response.trailers['x-request'], undefined)
})

t.test('a response that is cut is a reset, also instead of an answer', async (t) => {
  const client = await serve(t, (side) => {
    side.head(200, '', [])
    side.write(Buffer.from('half'))
    t.equal(side.answer({ status: 502, headers: [], body: Buffer.from('late') }), 0)
  })
  t.not((await ask(client, {})).rstCode, 0)
})

t.test('a client that resets its stream is told of', async (t) => {
  const told: string[] = []
  const gone = Promise.withResolvers<undefined>()
  const client = await serve(t, (side) => {
    side.onClosed((error) => {
      told.push(error.code)
      gone.resolve(undefined)
    })
    side.head(200, '', [])
    side.write(Buffer.from('x'))
  })
  const stream = client.request({ ':path': '/' })
  stream.on('error', () => undefined)
  await once(stream, 'data')
  stream.close(8)
  await gone.promise
  t.strictSame(told, ['client-gone'])
})

t.test('the status of gRPC in the head ends the response of gRPC, and no other', async (t) => {
  for (const [type, body, ...length] of [
    ['application/grpc', ''],
    ['application/json', '{"a":1}'],
    ['application/json', '{"a":1}', 'content-length', '7'],
  ] as const) {
    const client = await serve(t, (side) => {
      side.head(200, '', ['content-type', type, 'grpc-status', '0', ...length])
      side.write(Buffer.from('{"a":1}'))
      side.end([])
    })
    const response = await ask(client, {})
    t.match(response, { status: 200, headers: { 'grpc-status': '0' }, rstCode: 0 })
    t.equal(response.body.toString(), body, type)
  }
})
