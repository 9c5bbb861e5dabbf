import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { DialCallback } from '../../src/upstream/dial.ts'
import { PreparedConnections } from '../../src/upstream/prepared.ts'
import { startTcpOrigin } from '../helpers/origin.ts'

const A = 'https://a.example:443'

async function opened(t: Test): Promise<Socket> {
  const origin = await startTcpOrigin(t, (socket) => socket.on('end', () => socket.end()))
  const socket = connect({ host: '127.0.0.1', port: origin.port })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

const taken = (prepared: PreparedConnections, origin: string): Promise<Socket | ProxyError | 'none'> =>
  new Promise((resolve) => {
    if (!prepared.take(origin, (error, socket) => resolve(socket ?? (error as ProxyError)))) resolve('none')
  })

t.test('a connection goes to the first who asks for its origin, and to nobody else', async (t) => {
  const prepared = new PreparedConnections()
  const socket = await opened(t)
  prepared.give(A, socket)
  t.equal(await taken(prepared, 'https://b.example:443'), 'none')
  t.equal(await taken(prepared, A), socket)
  t.equal(await taken(prepared, A), 'none')
  t.notOk(socket.destroyed)
})

t.test('a connection that is still being made is waited for, with its error', async (t) => {
  const prepared = new PreparedConnections()
  const callbacks: DialCallback[] = []
  for (let round = 0; round < 2; round++) {
    prepared.dial(A, (callback) => {
      callbacks.push(callback)
      return () => undefined
    })
  }
  const [first, second] = [taken(prepared, A), taken(prepared, A)]
  const socket = await opened(t)
  callbacks[0]?.(null, socket)
  callbacks[1]?.(new ProxyError('dns-failed'), null)
  t.equal(await first, socket)
  t.match(await second, { code: 'dns-failed' })
})

t.test('what closed, failed or was left over is not handed out', async (t) => {
  const prepared = new PreparedConnections()
  const closing = await opened(t)
  prepared.give(A, closing)
  closing.destroy()
  await once(closing, 'close')
  prepared.dial(A, (callback) => {
    setImmediate(callback, new ProxyError('dns-failed'), null)
    return () => undefined
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await taken(prepared, A), 'none')
  const unused = await opened(t)
  prepared.give(A, unused)
  prepared.close()
  t.ok(unused.destroyed)
  t.notOk(prepared.has(A))
})
