import { type Duplex, duplexPair } from 'node:stream'
import t from 'tap'
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import { StreamPair } from '../../src/edge/stream-pair.ts'

function open(idleMs = 60_000) {
  const [client, clientPeer] = duplexPair()
  const [upstream, upstreamPeer] = duplexPair()
  const over = Promise.withResolvers<ProxyError | null>()
  const pair = new StreamPair(
    { client, upstream, cutClient: () => client.destroy(), idleMs },
    {
      fromClient: (chunk) => pair.toUpstream(chunk),
      fromUpstream: (chunk) => pair.toClient(chunk),
      clientEnded: () => pair.endUpstream(),
      closed: over.resolve,
    },
  )
  pair.start()
  t.teardown(() => {
    for (const stream of [client, upstream]) stream.destroy()
  })
  return { pair, client, clientPeer, upstream, upstreamPeer, over: over.promise }
}

const read = async (stream: Duplex): Promise<string> => Buffer.concat((await stream.toArray()) as Buffer[]).toString()
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('bytes pass both ways and are counted, and ends pass too', async (t) => {
  const { pair, clientPeer, upstreamPeer, over } = open()
  const gotUpstream = read(upstreamPeer)
  const gotClient = read(clientPeer)
  clientPeer.end('asked')
  upstreamPeer.end('told')
  t.equal(await gotUpstream, 'asked')
  t.equal(await gotClient, 'told')
  t.equal(await over, null)
  t.strictSame([pair.bytesIn, pair.bytesOut], [5, 4])
})

t.test('a side that breaks off cuts the other, and says which it was', async (t) => {
  for (const [who, code] of [
    ['client', 'client-gone'],
    ['upstream', 'upstream-reset'],
  ] as const) {
    const bench = open()
    bench[who].destroy()
    t.match(await bench.over, { code })
    t.ok(bench.client.destroyed && bench.upstream.destroyed)
  }
})

t.test('an upstream that takes nothing stops the client, and goes on when it reads', async (t) => {
  const { client, clientPeer, upstreamPeer } = open()
  for (let index = 0; index < 20 && !client.isPaused(); index++) {
    clientPeer.write(Buffer.alloc(40_000))
    await settled()
  }
  t.equal(client.isPaused(), true)
  upstreamPeer.resume()
  while (client.isPaused()) await settled()
  t.equal(client.isPaused(), false)
})

t.test('a held client stays held though the upstream drains', async (t) => {
  const { pair, client, upstream } = open()
  pair.holdClient(true)
  upstream.emit('drain')
  t.equal(client.isPaused(), true)
  pair.holdClient(false)
  t.equal(client.isPaused(), false)
})

t.test('nothing that moves for too long cuts both', async (t) => {
  const { client, upstream, over } = open(20)
  t.match(await over, { code: 'upstream-idle' })
  t.ok(client.destroyed && upstream.destroyed)
})

t.test('both are ended when all is said', async (t) => {
  const { pair, clientPeer, upstreamPeer, over } = open()
  const got = Promise.all([read(clientPeer), read(upstreamPeer)])
  pair.toClient(Buffer.from('bye'))
  pair.endBoth()
  t.strictSame(await got, ['bye', ''])
  clientPeer.end()
  upstreamPeer.end()
  t.equal(await over, null)
})

t.test('an upstream that is held is not read, neither by a client that can take more', async (t) => {
  const { pair, client, upstream, upstreamPeer, clientPeer, over } = open()
  pair.holdUpstream(true)
  upstreamPeer.end('told')
  client.emit('drain')
  await settled()
  t.ok(upstream.isPaused())
  t.equal(pair.bytesOut, 0)
  pair.holdUpstream(false)
  clientPeer.end()
  upstreamPeer.resume()
  t.equal(await read(clientPeer), 'told')
  t.equal(await over, null)
})
