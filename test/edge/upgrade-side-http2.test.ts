import { once } from 'node:events'
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Http2ClientSide } from '../../src/edge/client-side-http2.ts'
import { Http2UpgradeSide } from '../../src/edge/upgrade-side-http2.ts'
import { responseOn } from '../helpers/http2-client.ts'
import { connectStream } from '../helpers/ws-http2.ts'

const LINES = ['host', 'a.example', 'upgrade', 'websocket']

/** A real session whose streams come as sides of upgrades. */
async function serve(t: Test, handle: (side: Http2UpgradeSide) => void): Promise<ClientHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { enableConnectProtocol: true } })
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    handle(new Http2UpgradeSide(stream, new Http2ClientSide({ stream, method: 'GET', headers: LINES }, 10_000)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  client.on('error', () => undefined)
  t.teardown(async () => {
    client.destroy()
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  await once(client, 'remoteSettings')
  return client
}

t.test('200 opens the stream both ways; what belongs to HTTP/1.1 only is left out', async (t) => {
  const client = await serve(t, (side) => {
    t.equal(side.http, '2')
    t.strictSame(side.headers, LINES)
    const lines = [
      'Sec-WebSocket-Accept',
      'x',
      'Content-Length',
      '0',
      'Sec-WebSocket-Protocol',
      'one',
      'Connection',
      'x',
    ]
    side.accept('Switching Protocols', lines)
    side.stream.on('data', (chunk: Buffer) => side.stream.write(chunk))
  })
  const stream = connectStream(client, '/')
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  t.strictSame(Object.fromEntries(Object.entries(headers)), { ':status': 200, 'sec-websocket-protocol': 'one' })
  const back = once(stream, 'data')
  stream.write('to and fro')
  t.equal(String((await back)[0]), 'to and fro')
  stream.close()
})

t.test('a decline and an answer are whole responses; the client may still have been sending', async (t) => {
  const answers: ((side: Http2UpgradeSide) => void)[] = [
    (side) => side.decline(403, 'No', ['X-A', 'b']).end('body'),
    (side) => side.decline(204, 'No', ['content-length', '0']).end(),
    (side) => side.answer({ status: 426, headers: ['connection', 'close', 'x-a', 'b'], body: Buffer.from('body') }),
  ]
  const client = await serve(t, (side) => answers.shift()?.(side))
  for (const [status, body] of [
    [403, 'body'],
    [204, ''],
    [426, 'body'],
  ] as const) {
    const stream = connectStream(client, '/')
    stream.once('response', () => stream.end('late'))
    const response = await responseOn(stream)
    t.match(response, { status, rstCode: 0 })
    t.equal(response.body.toString(), body)
  }
})

t.test('a cut is a CANCEL, and nothing is said after it', async (t) => {
  const client = await serve(t, (side) => {
    side.accept('', [])
    side.cut()
    side.cut()
    side.accept('', [])
    side.answer({ status: 502, headers: [], body: new Uint8Array() })
  })
  t.match(await responseOn(connectStream(client, '/')), { rstCode: 8, body: Buffer.alloc(0) })
})

t.test('a stream that the client resets, or leaves with its connection, is an error and no clean end', async (t) => {
  for (const leave of ['reset', 'reset without an error', 'connection'] as const) {
    const gone = Promise.withResolvers<Http2UpgradeSide>()
    const client = await serve(t, (side) => {
      side.accept('', [])
      side.stream.resume()
      side.stream.once('close', () => gone.resolve(side))
    })
    const stream = connectStream(client, '/')
    await once(stream, 'response')
    if (leave === 'connection') client.destroy()
    else stream.close(leave === 'reset' ? 8 : 0)
    const { stream: seen } = await gone.promise
    t.equal(seen.readableEnded && seen.errored === null, false, leave)
    t.equal(seen.writableFinished, false, leave)
  }
})

t.test('a clean end of the client is an end', async (t) => {
  const ended = Promise.withResolvers<boolean>()
  const client = await serve(t, (side) => {
    side.accept('', [])
    side.stream.resume().once('end', () => side.stream.end())
    side.stream.once('close', () => ended.resolve(side.stream.errored === null && side.stream.writableFinished))
  })
  connectStream(client, '/').resume().end('last')
  t.equal(await ended.promise, true)
})
