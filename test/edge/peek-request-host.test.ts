import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type HeadHost, peekRequestHost } from '../../src/edge/peek-request-host.ts'

async function peek(t: Test, timeoutMs = 5000): Promise<{ client: Socket; inside: Socket; found: Promise<HeadHost> }> {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectTcp({ host: '127.0.0.1', port: (server.address() as { port: number }).port })
  const inside = await accepted.promise
  server.close()
  for (const socket of [client, inside]) socket.on('error', () => undefined)
  t.teardown(() => [client, inside].map((socket) => socket.destroy()))
  const found = new Promise<HeadHost>((resolve) => peekRequestHost(inside, { timeoutMs, maxBytes: 1024 }, resolve))
  return { client, inside, found }
}

t.test('the Host is told when the head is whole, and every byte is still there', async (t) => {
  const { client, inside, found } = await peek(t)
  client.write('GET / HTTP/1.1\r\nHo')
  await new Promise((resolve) => setTimeout(resolve, 20))
  client.end('st: a.example\r\n\r\nbody')
  t.strictSame(await found, { kind: 'host', authority: 'a.example' })
  const chunks: Buffer[] = []
  inside.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
  await once(inside, 'end')
  t.equal(Buffer.concat(chunks).toString(), 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\nbody')
})

t.test('a head that grows without end is given up at the limit', async (t) => {
  const { client, inside, found } = await peek(t)
  client.write(`GET / HTTP/1.1\r\nA: ${'x'.repeat(2000)}`)
  t.match(await found, { kind: 'none' })
  t.ok(inside.isPaused())
})

t.test('a client that leaves or falls silent is gone', async (t) => {
  const left = await peek(t)
  left.client.end('GET / HTTP/1.1\r\n')
  t.strictSame(await left.found, { kind: 'gone' })
  const silent = await peek(t, 50)
  silent.client.write('GET / HTTP/1.1\r\n')
  t.strictSame(await silent.found, { kind: 'gone' })
})
