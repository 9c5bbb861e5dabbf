import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ReadBuffers } from '../../src/edge/read-buffers.ts'
import { type Splice, splice } from '../../src/edge/tunnel-pipe.ts'
import { makePki } from '../helpers/pki.ts'

interface Rig {
  /** The ends that the tunnel lies between. */
  readonly client: Socket
  readonly origin: Socket
  /** The tunnel's own sockets. */
  readonly inner: Socket
  readonly outer: Socket
  readonly buffers: ReadBuffers
  readonly start: (idleMs?: number) => { readonly spliced: Splice; readonly ended: Promise<boolean> }
}

async function connected(t: Test): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const near = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const [far] = (await once(server, 'connection')) as [Socket]
  for (const socket of [near, far]) socket.on('error', () => undefined)
  t.teardown(async () => {
    near.destroy()
    far.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { near, far }
}

async function makeRig(t: Test): Promise<Rig> {
  const left = await connected(t)
  const right = await connected(t)
  const buffers = new ReadBuffers()
  const inner = left.far
  const outer = right.near
  return {
    client: left.near,
    origin: right.far,
    inner,
    outer,
    buffers,
    start: (idleMs = 60_000) => {
      let spliced: Splice | null = null
      const ended = new Promise<boolean>((resolve) => {
        spliced = splice({ client: inner, upstream: outer, idleMs, buffers }, resolve)
      })
      return { spliced: spliced as unknown as Splice, ended }
    },
  }
}

/** Send everything with respect for backpressure, then end. */
async function sendAll(socket: Socket, bytes: Buffer, chunkBytes: number): Promise<void> {
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    if (!socket.write(bytes.subarray(from, from + chunkBytes))) await once(socket, 'drain')
  }
  socket.end()
}

/** Read to the end; `pauseEvery` bytes the reader takes a rest. */
async function receiveAll(
  socket: Socket,
  pauseEvery = Number.POSITIVE_INFINITY,
): Promise<{ hash: string; length: number }> {
  const hash = createHash('sha256')
  let length = 0
  let next = pauseEvery
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    hash.update(chunk)
    length += chunk.length
    if (length < next) continue
    next += pauseEvery
    await wait(2)
  }
  return { hash: hash.digest('hex'), length }
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

t.test('large transfers pass both ways at once, unchanged and counted', async (t) => {
  const rig = await makeRig(t)
  const up = randomBytes(24 * 1024 * 1024 + 17)
  const down = randomBytes(32 * 1024 * 1024 + 3)
  const { spliced, ended } = rig.start()
  const [atOrigin, atClient] = await Promise.all([
    receiveAll(rig.origin),
    receiveAll(rig.client),
    sendAll(rig.client, up, 300_000),
    sendAll(rig.origin, down, 1_000_000),
  ])
  t.strictSame(atOrigin, { hash: sha(up), length: up.length })
  t.strictSame(atClient, { hash: sha(down), length: down.length })
  t.equal(await ended, false)
  t.equal(spliced.bytesIn(), up.length)
  t.equal(spliced.bytesOut(), down.length)
  t.equal(rig.buffers.lentLarge, 0, 'all buffers are back')
})

t.test('slow readers get every byte, many tunnels at once', async (t) => {
  const bytes = randomBytes(6 * 1024 * 1024 + 5)
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const rig = await makeRig(t)
      const { ended } = rig.start()
      const received = receiveAll(rig.client, 512 * 1024)
      await sendAll(rig.origin, bytes, 700_000)
      t.strictSame(await received, { hash: sha(bytes), length: bytes.length })
      rig.client.end()
      await ended
      t.equal(rig.buffers.lentLarge, 0)
    }),
  )
})

t.test('bytes in any splits, small and large, come out in their order', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200_000 })), { maxLength: 40 }),
      async (sizes) => {
        const rig = await makeRig(t)
        const { spliced, ended } = rig.start()
        const chunks = sizes.map((size) => randomBytes(size))
        const received = receiveAll(rig.origin)
        for (const chunk of chunks) if (!rig.client.write(chunk)) await once(rig.client, 'drain')
        rig.client.end()
        const all = Buffer.concat(chunks)
        t.strictSame(await received, { hash: sha(all), length: all.length })
        rig.origin.end()
        rig.client.resume()
        await ended
        t.equal(spliced.bytesIn(), all.length)
      },
    ),
    { numRuns: 15 },
  )
})

t.test('bytes that were read and put back come first, and are counted', async (t) => {
  const rig = await makeRig(t)
  rig.client.write('peeked ')
  const [peeked] = (await once(rig.inner, 'data')) as [Buffer]
  rig.inner.pause()
  rig.inner.unshift(peeked)
  const { spliced } = rig.start()
  rig.client.end('and the rest')
  let text = ''
  for await (const chunk of rig.origin as AsyncIterable<Buffer>) text += chunk.toString()
  t.equal(text, 'peeked and the rest')
  t.equal(spliced.bytesIn(), text.length)
})

t.test('a large first part that was put back is not lost when the other side is slow', async (t) => {
  const rig = await makeRig(t)
  const first = randomBytes(8 * 1024 * 1024)
  rig.inner.pause()
  rig.inner.unshift(first)
  rig.start()
  rig.client.end('tail')
  await wait(20)
  const all = Buffer.concat([first, Buffer.from('tail')])
  t.strictSame(await receiveAll(rig.origin), { hash: sha(all), length: all.length })
})

for (const [first, second] of [
  ['client', 'origin'],
  ['origin', 'client'],
] as const) {
  t.test(`when the ${first} ends, the ${second} may go on`, async (t) => {
    const rig = await makeRig(t)
    const { ended } = rig.start()
    rig[first].end('I am done')
    let heard = ''
    rig[second].on('data', (chunk: Buffer) => (heard += chunk.toString()))
    await once(rig[second], 'end')
    t.equal(heard, 'I am done')
    const answer = randomBytes(3_000_000)
    const [received] = await Promise.all([receiveAll(rig[first]), sendAll(rig[second], answer, 100_000)])
    t.equal(received.hash, sha(answer))
    t.equal(await ended, false)
  })

  t.test(`a reset by the ${first} reaches the ${second}, and the tunnel ends`, async (t) => {
    const rig = await makeRig(t)
    const { ended } = rig.start()
    rig[first].write('hello')
    await once(rig[second], 'data')
    const over = new Promise((resolve) => rig[second].once('end', resolve).once('close', resolve))
    rig[first].resetAndDestroy()
    await over
    t.equal(await ended, false)
    t.ok(rig.inner.destroyed && rig.outer.destroyed)
  })
}

t.test('a tunnel in which nothing moves is ended, and says so', async (t) => {
  const rig = await makeRig(t)
  const { ended } = rig.start(30)
  await Promise.all([once(rig.client.resume(), 'end'), once(rig.origin.resume(), 'end')])
  t.equal(await ended, true)
})

t.test('destroying the accepted socket, as a drain does, ends both sides', async (t) => {
  const rig = await makeRig(t)
  const { ended } = rig.start()
  const closed = Promise.all([once(rig.client.resume(), 'end'), once(rig.origin, 'end')])
  rig.client.write('x')
  await once(rig.origin, 'data')
  rig.inner.destroy()
  await closed
  t.equal(await ended, false)
})

t.test('a tunnel that went quiet gives its large buffer back and still passes every byte', async (t) => {
  const rig = await makeRig(t)
  rig.start()
  const burst = randomBytes(16 * 1024 * 1024)
  let length = 0
  const hash = createHash('sha256')
  rig.client.on('data', (chunk: Buffer) => {
    length += chunk.length
    hash.update(chunk)
  })
  rig.origin.write(burst)
  while (length < burst.length) await once(rig.client, 'data')
  while (rig.buffers.lentLarge > 0) await wait(50)
  const after = randomBytes(200_000)
  rig.origin.end(after)
  await once(rig.client, 'end')
  t.equal(length, burst.length + after.length)
  t.equal(hash.digest('hex'), sha(Buffer.concat([burst, after])))
})

t.test('a client that speaks TLS to the proxy is piped, with half-close and counters', async (t) => {
  const pki = await makePki(t)
  const left = await connected(t)
  const right = await connected(t)
  const secureContext = await pki.contextFor('proxy.example')
  const inner = new TLSSocket(left.far, { isServer: true, secureContext })
  const client = connectTls({
    socket: left.near,
    servername: 'proxy.example',
    secureContext: createSecureContext({ ca: pki.rootPem }),
  })
  await once(client, 'secureConnect')
  const buffers = new ReadBuffers()
  let spliced: Splice | null = null
  const ended = new Promise<boolean>((resolve) => {
    spliced = splice({ client: inner, upstream: right.near, idleMs: 60_000, buffers }, resolve)
  })
  const up = randomBytes(500_000)
  const down = randomBytes(400_000)
  const received = receiveAll(client)
  await sendAll(right.far, down, 100_000)
  t.equal((await received).hash, sha(down))
  const atOrigin = receiveAll(right.far)
  client.end(up)
  t.equal((await atOrigin).length, up.length)
  await ended
  const counted = spliced as unknown as Splice
  t.equal(counted.bytesIn(), up.length)
  t.equal(counted.bytesOut(), down.length)
})
