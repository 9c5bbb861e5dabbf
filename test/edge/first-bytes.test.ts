import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Peeked, peekFirstBytes } from '../../src/edge/first-bytes.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

/** Both ends of a real connection. */
async function pair(t: Test): Promise<() => Promise<{ near: Socket; far: Socket }>> {
  let accept: (socket: Socket) => void = () => undefined
  const origin = await startTcpOrigin(t, (socket) => accept(socket))
  return async () => {
    const accepted = new Promise<Socket>((resolve) => {
      accept = resolve
    })
    const far = await openSocket(origin.port)
    return { near: await accepted, far }
  }
}

const peek = (socket: Socket, timeoutMs: number | null = 5000): Promise<Peeked> =>
  new Promise((resolve) => peekFirstBytes(socket, timeoutMs, resolve))

/** The ClientHello that Node's own client sends. */
async function helloFor(t: Test, servername: string, ALPNProtocols: string[]): Promise<Buffer> {
  const seen = Promise.withResolvers<Buffer>()
  const origin = await startTcpOrigin(t, (socket) => socket.once('data', (bytes: Buffer) => seen.resolve(bytes)))
  const client = connectTls({ host: '127.0.0.1', port: origin.port, servername, ALPNProtocols })
  client.on('error', () => undefined)
  const bytes = await seen.promise
  client.destroy()
  return bytes
}

async function writeSplit(socket: Socket, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const at = [...new Set(cuts.map((cut) => cut % bytes.length))].filter((cut) => cut > 0).sort((a, b) => a - b)
  let from = 0
  for (const to of [...at, bytes.length]) {
    socket.write(bytes.subarray(from, to))
    from = to
    await new Promise((resolve) => setImmediate(resolve))
  }
}

t.test('a hello is read however it is split, and every byte is put back', async (t) => {
  const open = await pair(t)
  const hello = await helloFor(t, 'API.Example.com', ['h2', 'http/1.1'])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (cuts) => {
      const { near, far } = await open()
      near.setNoDelay(true)
      far.setNoDelay(true)
      const peeked = peek(near)
      await writeSplit(far, hello, cuts)
      t.strictSame(await peeked, {
        kind: 'first',
        first: { kind: 'tls', sni: 'api.example.com', alpn: ['h2', 'http/1.1'], hasEch: false },
      })
      const back = await readUntil(near, (text) => text.length >= hello.length)
      t.ok(Buffer.from(back, 'latin1').equals(hello))
      near.destroy()
      far.destroy()
    }),
    { numRuns: 25 },
  )
})

t.test('what speaks is told from any split of its first bytes', async (t) => {
  const open = await pair(t)
  const speakers = fc.constantFrom(
    ['GET / HTTP/1.1\r\n', 'http'],
    ['PROPFIND http://a/ HTTP/1.1\r\n', 'http'],
    ['SSH-2.0-x\r\n', 'bytes'],
    ['\x05\x01\x00', 'bytes'],
    ['PRI * HTTP/2.0\r\n', 'bytes'],
    ['get / HTTP/1.1\r\n', 'bytes'],
  )
  await fc.assert(
    fc.asyncProperty(speakers, fc.array(fc.nat(), { maxLength: 4 }), async ([text = '', kind], cuts) => {
      const { near, far } = await open()
      const peeked = peek(near)
      await writeSplit(far, Buffer.from(text, 'latin1'), cuts)
      t.match(await peeked, { kind: 'first', first: { kind } }, text)
      t.equal(await readUntil(near, (seen) => seen.length >= text.length), text)
      near.destroy()
      far.destroy()
    }),
    { numRuns: 25 },
  )
})

t.test('a hello cannot be hidden by sending it slowly or cut off: it is never taken for bytes', async (t) => {
  const open = await pair(t)
  const { near, far } = await open()
  far.write(Buffer.from([0x16, 3, 1, 2, 0]))
  t.match(await peek(near, 500), { kind: 'gone', isTimeout: true })
  const bogus = await open()
  bogus.far.write(Buffer.from([0x16, 3, 1, 0, 4, 2, 0, 0, 0]))
  t.match(await peek(bogus.near), { kind: 'first', first: { kind: 'bytes' } })
  for (const socket of [near, far, bogus.near, bogus.far]) socket.destroy()
})

t.test('letters that may become a method are bytes when nothing follows', async (t) => {
  const open = await pair(t)
  const { near, far } = await open()
  far.write('QUIT')
  t.match(await peek(near, null), { kind: 'first', first: { kind: 'bytes' } })
  t.equal(await readUntil(near, (text) => text.length >= 4), 'QUIT')
  near.destroy()
  far.destroy()
})

t.test('a side that ends, resets or stays silent is gone, with what it said', async (t) => {
  const open = await pair(t)
  const ended = await open()
  ended.far.end('HE')
  t.match(await peek(ended.near), { kind: 'gone', isTimeout: false, seen: Buffer.from('HE') })
  const reset = await open()
  const peeked = peek(reset.near)
  reset.far.resetAndDestroy()
  t.match(await peeked, { kind: 'gone', isTimeout: false })
  const silent = await open()
  t.match(await peek(silent.near, 30), { kind: 'gone', isTimeout: true })
  for (const { near, far } of [ended, silent]) {
    near.destroy()
    far.destroy()
  }
})

t.test('a side that ended before anybody looked is gone too', async (t) => {
  const open = await pair(t)
  for (const leave of ['end', 'destroy'] as const) {
    const { near, far } = await open()
    const ended = once(near, 'end')
    far[leave]()
    await ended
    t.match(await peek(near, null), { kind: 'gone', isTimeout: false }, leave)
    peekFirstBytes(near, null, () => t.fail('called'))()
    near.destroy()
    far.destroy()
  }
})

t.test('a peek that is stopped calls nobody', async (t) => {
  const open = await pair(t)
  const { near, far } = await open()
  const stop = peekFirstBytes(near, 50, () => t.fail('called'))
  stop()
  far.write('GET / HTTP/1.1\r\n')
  await new Promise((resolve) => setTimeout(resolve, 80))
  t.equal(near.listenerCount('data'), 0)
  near.destroy()
  far.destroy()
})
