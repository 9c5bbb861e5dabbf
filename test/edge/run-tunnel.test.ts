import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { EdgePorts, EdgeSettings } from '../../src/edge/ports.ts'
import { ReadBuffers } from '../../src/edge/read-buffers.ts'
import { type Greeting, runTunnel } from '../../src/edge/run-tunnel.ts'
import { createRefusalFolder } from '../../src/flow/tunnel.ts'
import { alice, type FlowWorld, flowWorld } from '../flow/flow-world.ts'
import { closed } from '../helpers/stage.ts'

type Dial = EdgePorts['dialer']['dial']

/** Two ends of one connection. */
async function socketPair(t: Test): Promise<[Socket, Socket]> {
  const { promise, resolve } = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, resolve)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { port: number }
  const near = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
  const far = await promise
  server.close()
  for (const socket of [near, far]) socket.on('error', () => undefined)
  t.teardown(() => [near, far].map((socket) => socket.destroy()))
  return [near, far]
}

interface Run {
  readonly world: FlowWorld
  /** What was said to the client, in order. */
  readonly said: string[]
  readonly client: Socket
  /** The proxy's end of the client's connection. */
  readonly inside: Socket
  /** Tunnels that are open now. */
  readonly open: () => number
}

/** A tunnel on a real connection; only the dial is played. */
async function run(t: Test, host: string, dial: Dial, port = 443): Promise<Run> {
  const world = flowWorld()
  const [client, inside] = await socketPair(t)
  const said: string[] = []
  let open = 0
  const greeting: Greeting = {
    established: () => {
      said.push('established')
    },
    refuse: (error, flow) => {
      said.push(`refused ${error.code} ${flow}`)
      inside.end()
    },
  }
  const ports = {
    flow: world.ports,
    refusals: createRefusalFolder(() => 0),
    dialer: { dial },
    certificates: { contextFor: () => Promise.reject(new ProxyError('mint-failed')) },
  } as unknown as EdgePorts
  const settings = { timeouts: { handshakeMs: 1000, tunnelIdleMs: 5000 } } as unknown as EdgeSettings
  runTunnel(
    {
      ports,
      settings,
      server: () => {
        throw new Error('no request is served here')
      },
      buffers: new ReadBuffers(),
      onOpen: () => open++,
      onClose: () => open--,
    },
    inside,
    { client: alice, host, port },
    greeting,
  )
  return { world, said, client, inside, open: () => open }
}

t.test('a dialled tunnel is told to stand only after the dial, whoever asked for it', async (t) => {
  const [near, far] = await socketPair(t)
  const answer = Promise.withResolvers<() => void>()
  const { said, client, inside, open } = await run(t, 'news.example', (_target, callback) => {
    answer.resolve(() => callback(null, near))
    return () => undefined
  })
  const connected = await answer.promise
  t.strictSame(said, [])
  connected()
  t.strictSame(said, ['established'])
  const heard = new Promise((resolve) => far.once('data', (bytes: Buffer) => resolve(bytes.toString())))
  client.write('hello there\r\n')
  t.equal(await heard, 'hello there\r\n')
  t.equal(open(), 1)
  client.destroy()
  await closed(far.once('end', () => far.end()).resume())
  await closed(inside)
  t.equal(open(), 0)
})

t.test('a dial that fails is told with its code and the id of the event', async (t) => {
  const { said, client } = await run(t, 'news.example', (_target, callback) => {
    setImmediate(() => callback(new ProxyError('dns-failed'), null))
    return () => undefined
  })
  await closed(client.once('end', () => client.end()).resume())
  t.equal(said.length, 1)
  t.match(said[0], /^refused dns-failed \S+$/u)
})

t.test('a refused port is told without a dial', async (t) => {
  const { said, world } = await run(t, 'news.example', () => t.fail('dialled') as never, 25)
  t.match(said, [/^refused port-refused /u])
  t.match(world.events, [{ phase: 'tunnel', action: 'block', reason: 'port-refused', flow: said[0]?.split(' ')[2] }])
})

t.test('what fails after the tunnel was told to stand is a closed connection, not a second word', async (t) => {
  const { said, client } = await run(t, 'api.alpha.test', () => t.fail('dialled') as never)
  t.strictSame(said, ['established'], 'what is read needs no dial')
  client.write('neither TLS nor HTTP\r\n')
  await closed(client.once('end', () => client.end()).resume())
  t.strictSame(said, ['established'])
})

t.test('a client that leaves during the dial ends the dial', async (t) => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const { client, said } = await run(t, 'news.example', () => () => resolve(null))
  client.resetAndDestroy()
  await promise
  t.strictSame(said, [])
})

t.test('a client that closes during the dial, as one that is killed does, leaves nothing open behind it', async (t) => {
  const [near, far] = await socketPair(t)
  const answer = Promise.withResolvers<() => void>()
  const { client, inside, open } = await run(t, 'news.example', (_target, callback) => {
    answer.resolve(() => callback(null, near))
    return () => undefined
  })
  const connected = await answer.promise
  const ended = once(inside, 'end')
  client.destroy()
  await ended
  connected()
  await closed(far.once('end', () => far.end()).resume())
  await closed(inside)
  t.equal(open(), 0)
})
