import { type Agent, request } from 'node:http'
import t, { type Test } from 'tap'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer } from '../../src/upstream/dial.ts'
import { createGuardedAgents } from '../../src/upstream/guarded-agent.ts'
import { startHttpOrigin } from '../helpers/origin.ts'

const dialer = (pins: Record<string, string> = {}) =>
  createDialer({
    guard: createAddressGuard({ allowPrivate: [], ownPorts: () => [] }),
    pins,
    extraRoots: [],
    connectMs: 5000,
    handshakeMs: 5000,
  })

/** The body of a GET, or the error's code. */
const get = (agent: Agent, host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const outgoing = request({ agent, host, port, path: '/' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.once('end', () => setImmediate(() => resolve(text)))
    })
    outgoing.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'none'))
    outgoing.end()
  })

async function setUp(t: Test) {
  const ports = new Set<number>()
  const origin = await startHttpOrigin(t, (incoming, response) => {
    ports.add(incoming.socket.remotePort ?? 0)
    response.end('here')
  })
  return { ports, pins: { 'origin.example:80': origin.address, '[::2]:80': origin.address, '::2:80': origin.address } }
}

t.test('connections come from the dialer: pins hold, the guard refuses', async (t) => {
  const { pins } = await setUp(t)
  const { http } = createGuardedAgents(dialer(pins), true)
  t.teardown(() => http.destroy())
  t.equal(await get(http, 'origin.example', 80), 'here')
  t.equal(await get(http, '127.0.0.1', 80), 'address-refused')
  t.equal(await get(http, '169.254.169.254', 80), 'address-refused')
})

t.test('kept agents reuse a connection, single ones never do', async (t) => {
  for (const [isKeptAlive, expected] of [
    [true, 1],
    [false, 3],
  ] as const) {
    const { ports, pins } = await setUp(t)
    const { http } = createGuardedAgents(dialer(pins), isKeptAlive)
    t.teardown(() => http.destroy())
    for (let count = 0; count < 3; count++) t.equal(await get(http, 'origin.example', 80), 'here')
    t.equal(ports.size, expected)
  }
})
