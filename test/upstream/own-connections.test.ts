import { connect, createServer, type Socket } from 'node:net'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { Dialer } from '../../src/upstream/dial.ts'
import { createOwnConnections } from '../../src/upstream/own-connections.ts'

t.test('a connection is our own while it lasts, by the address that the other end sees', async (t) => {
  const seen = Promise.withResolvers<Socket>()
  const server = createServer((socket) => seen.resolve(socket.resume()))
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const plain: Dialer = {
    dial: (_target, callback) => {
      const socket = connect({ host: '127.0.0.1', port }, () => callback(null, socket))
      return () => socket.destroy()
    },
  }
  const own = createOwnConnections()
  const socket = await new Promise<Socket | null>((resolve) => {
    own.watch(plain).dial({ host: 'a.example', port: 443, isTls: false }, (_error, dialled) => resolve(dialled))
  })
  const far = await seen.promise
  const from = [far.remoteAddress ?? '', far.remotePort ?? 0] as const
  t.equal(own.has(...from), true)
  t.equal(own.has(`::ffff:${from[0]}`, from[1]), true, 'as a dual-stack listener sees it')
  t.equal(own.has(from[0], from[1] + 1), false)
  const gone = new Promise((resolve) => socket?.once('close', resolve))
  socket?.destroy()
  await gone
  t.equal(own.has(...from), false)
})

t.test('a dial that fails is handed on as it is', async (t) => {
  const failing: Dialer = {
    dial: (_target, callback) => {
      callback(new ProxyError('dns-failed'), null)
      return () => undefined
    },
  }
  createOwnConnections()
    .watch(failing)
    .dial({ host: 'a.example', port: 443, isTls: false }, (error) => t.equal(error?.code, 'dns-failed'))
})
