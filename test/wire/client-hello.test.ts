import { createServer } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parseClientHello } from '../../src/wire/client-hello.ts'

/** The hello that Node's own OpenSSL sends. */
async function realHello(t: Test, options: ConnectionOptions): Promise<Uint8Array> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const bytes = new Promise<Buffer>((resolve) =>
    server.once('connection', (socket) => {
      let seen = Buffer.alloc(0)
      socket.on('data', (chunk: Buffer) => {
        seen = Buffer.concat([seen, chunk])
        if (seen.length >= 5 + seen.readUInt16BE(3)) {
          resolve(seen)
          socket.destroy()
        }
      })
      socket.on('error', () => undefined)
    }),
  )
  const client = connectTls({ port: address.port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  client.on('error', () => undefined)
  return new Uint8Array(await bytes)
}

/** Re-cut the handshake message of one record into records of at most `size` bytes. */
function recut(hello: Uint8Array, size: number): Uint8Array {
  const message = hello.subarray(5)
  const records: number[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    records.push(22, 3, 1, part.length >> 8, part.length & 255, ...part)
  }
  return Uint8Array.from(records)
}

t.test('the server name and the protocols of a real hello are read', async (t) => {
  const hello = await realHello(t, { servername: 'api.anthropic.com', ALPNProtocols: ['h2', 'http/1.1'] })
  t.strictSame(parseClientHello(hello), {
    kind: 'hello',
    hello: { sni: 'api.anthropic.com', alpn: ['h2', 'http/1.1'], hasEch: false },
  })
})

t.test('a hello without server name and without ALPN has neither', async (t) => {
  const hello = await realHello(t, {})
  t.strictSame(parseClientHello(hello), { kind: 'hello', hello: { sni: null, alpn: [], hasEch: false } })
})

t.test('every prefix of a hello is incomplete, never wrong', async (t) => {
  const hello = await realHello(t, { servername: 'chatgpt.com' })
  for (let length = 0; length < hello.length; length++) {
    const { kind } = parseClientHello(hello.subarray(0, length))
    if (kind !== 'incomplete') t.equal(kind, 'incomplete', `after ${length} bytes`)
  }
  t.equal(parseClientHello(hello).kind, 'hello')
})

t.test('a hello split over many records reads the same', async (t) => {
  const hello = await realHello(t, { servername: 'claude.ai', ALPNProtocols: ['h2'] })
  const whole = parseClientHello(hello)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (size) => {
      t.strictSame(parseClientHello(recut(hello, size)), whole)
    }),
    { numRuns: 40 },
  )
})

t.test('an ECH extension of the outer kind is seen', async (t) => {
  const hello = Buffer.from(await realHello(t, { servername: 'a.example' }))
  const ech = Buffer.from([0xfe, 0x0d, 0, 1, 0])
  const grown = Buffer.concat([hello, ech])
  grown.writeUInt16BE(grown.length - 5, 3)
  grown.writeUIntBE(grown.length - 9, 6, 3)
  const sessionEnd = 5 + 4 + 34 + 1 + (grown[43] ?? 0)
  const ciphersEnd = sessionEnd + 2 + grown.readUInt16BE(sessionEnd)
  const extensionsAt = ciphersEnd + 1 + (grown[ciphersEnd] ?? 0)
  grown.writeUInt16BE(grown.readUInt16BE(extensionsAt) + ech.length, extensionsAt)
  t.match(parseClientHello(grown), { kind: 'hello', hello: { sni: 'a.example', hasEch: true } })
})

t.test('arbitrary and corrupted bytes never throw', async (t) => {
  const hello = await realHello(t, { servername: 'api.openai.com', ALPNProtocols: ['http/1.1'] })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      t.match(parseClientHello(bytes).kind, /^(?:hello|incomplete|invalid)$/u)
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: hello.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const changed = Uint8Array.from(hello)
      changed[at] = value
      t.match(parseClientHello(changed).kind, /^(?:hello|incomplete|invalid)$/u)
    }),
    { numRuns: 500 },
  )
})

t.test('other protocols are invalid', async (t) => {
  for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\x16\x02\x00\x00\x05hello']) {
    t.equal(parseClientHello(Buffer.from(text, 'latin1')).kind, 'invalid', JSON.stringify(text))
  }
})
