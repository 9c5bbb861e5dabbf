import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { canMove, moveToOnread } from '../../src/edge/onread-socket.ts'

interface Pair {
  readonly server: Server
  readonly client: Socket
  readonly accepted: Socket
}

async function makePair(t: Test): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const [accepted] = (await once(server, 'connection')) as [Socket]
  t.teardown(async () => {
    client.destroy()
    accepted.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { server, client, accepted }
}

const connections = (server: Server): Promise<number> =>
  new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  )

/** An `onread` that collects what arrives; `wait` resolves when so many bytes are there. */
function collector() {
  const buffer = Buffer.alloc(16)
  let seen = ''
  let check: () => void = () => undefined
  return {
    onread: {
      buffer: () => buffer,
      callback: (length: number) => {
        seen += buffer.toString('latin1', 0, length)
        check()
        return true
      },
    },
    text: () => seen,
    wait: (length: number) =>
      new Promise<void>((resolve) => {
        check = () => {
          if (seen.length >= length) resolve()
        }
        check()
      }),
  }
}

t.test('an accepted connection is read into the given buffer, what was read before is handed over', async (t) => {
  const { client, accepted } = await makePair(t)
  client.write('first')
  const [first] = (await once(accepted, 'data')) as [Buffer]
  accepted.pause()
  accepted.unshift(first)
  t.ok(canMove(accepted))
  const collected = collector()
  const moved = moveToOnread(accepted, collected.onread)
  t.equal(moved.unread?.toString(), 'first')
  client.write('second, which is longer than the buffer')
  await collected.wait(39)
  t.equal(collected.text(), 'second, which is longer than the buffer')
  t.notOk(canMove(accepted), 'a moved connection cannot be moved again')
})

t.test('writing, half-close and the end work as before', async (t) => {
  const { client, accepted } = await makePair(t)
  const collected = collector()
  const { socket } = moveToOnread(accepted, collected.onread)
  client.end('last words')
  await once(socket, 'end')
  t.equal(collected.text(), 'last words')
  t.ok(socket.writable, 'the other way is still open')
  socket.end('answer')
  const [answer] = (await once(client, 'data')) as [Buffer]
  t.equal(answer.toString(), 'answer')
})

t.test('closing either of the two closes the other, and the server counts right', async (t) => {
  for (const side of ['old', 'new'] as const) {
    const { server, accepted } = await makePair(t)
    const { socket } = moveToOnread(accepted, collector().onread)
    t.equal(await connections(server), 1)
    const both = Promise.all([once(socket, 'close'), once(accepted, 'close')])
    if (side === 'old') accepted.destroy()
    else socket.destroy()
    await both
    t.equal(await connections(server), 0)
  }
})

t.test('another buffer may be given while nothing is read', async (t) => {
  const { client, accepted } = await makePair(t)
  const collected = collector()
  const moved = moveToOnread(accepted, collected.onread)
  const other = Buffer.alloc(16)
  moved.useBuffer(other)
  client.write('hello')
  await collected.wait(5)
  t.equal(other.toString('latin1', 0, 5), 'hello')
})

t.test('connections that cannot be moved are told apart', async (t) => {
  const { client, accepted } = await makePair(t)
  t.notOk(canMove(new TLSSocket(client)), 'a TLS socket')
  accepted.end()
  t.notOk(canMove(accepted), 'an ended one')
  const other = await makePair(t)
  other.client.destroy()
  t.notOk(canMove(other.client), 'a closed one')
  const finished = await makePair(t)
  finished.client.end('x')
  const [chunk] = (await once(finished.accepted, 'data')) as [Buffer]
  finished.accepted.pause()
  finished.accepted.unshift(chunk)
  await new Promise((resolve) => setTimeout(resolve, 20))
  // The end may have been seen already or not: both are handled, moving it must not lose it.
  if (canMove(finished.accepted)) {
    const { socket, unread } = moveToOnread(finished.accepted, collector().onread)
    t.equal(unread?.toString(), 'x')
    await once(socket, 'end')
  } else t.equal(finished.accepted.read()?.toString(), 'x')
})

t.test('a socket without a TCP handle is refused', async (t) => {
  const { accepted } = await makePair(t)
  moveToOnread(accepted, collector().onread)
  t.throws(() => moveToOnread(accepted, collector().onread), { message: 'the socket has no TCP handle' })
})
