import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Opened } from '../../src/cli/opened.ts'
import { openUpstreamSide } from '../../src/cli/upstream-side.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { DialTarget } from '../../src/upstream/dial.ts'

/** An origin that keeps what connects to it. */
async function startOrigin(t: Test): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.resume()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, sockets }
}

function open(upstream: object, ownPorts: readonly number[] = []) {
  const opened: Opened[] = []
  const config = configSchema.parse({ upstream })
  const side = openUpstreamSide({ config, files: { extraRoots: [] }, ownPorts: () => ownPorts }, opened)
  const dial = (target: DialTarget): Promise<Socket | string> =>
    new Promise((resolve) => {
      side.dialer.dial(target, (error, socket) => resolve(socket ?? error?.code ?? ''))
    })
  return { side, opened, dial }
}

t.test('what it dials is known as its own, and what goes out is closed with it', async (t) => {
  const { port, sockets } = await startOrigin(t)
  const { side, opened, dial } = open({ resolve: { 'a.example:80': `127.0.0.1:${port}` } })
  const socket = await dial({ host: 'a.example', port: 80, isTls: false })
  if (typeof socket === 'string') throw new Error(socket)
  t.equal(side.isOwnConnection('127.0.0.1', socket.localPort ?? 0), true)
  t.equal(side.isOwnConnection('127.0.0.1', port), false)
  socket.destroy()
  t.equal(opened.length, 3, 'pass-through, upgrades, forwarder')
  for (const each of opened) await each.close()
  t.ok(sockets.length <= 1)
})

t.test('an own port is refused where private addresses are allowed', async (t) => {
  const { port } = await startOrigin(t)
  const allowPrivate = ['127.0.0.0/8']
  const { dial } = open({ allowPrivate }, [port])
  t.equal(await dial({ host: '127.0.0.1', port, isTls: false }), 'address-refused')
  const reached = await open({ allowPrivate }).dial({ host: '127.0.0.1', port, isTls: false })
  t.type(reached, 'object')
  if (typeof reached !== 'string') reached.destroy()
})
