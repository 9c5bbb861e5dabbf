import type { ServerResponse } from 'node:http'
import t from 'tap'
import type { UpstreamExchange } from '../../src/flow/ports.ts'
import { setUpForwarder } from '../helpers/forwarder.ts'
import { startHttpOrigin } from '../helpers/origin.ts'

t.test(
  'a connection dialled ahead serves the request that follows, and none is dialled where one is free',
  async (t) => {
    let connections = 0
    const origin = await startHttpOrigin(t, (_request, response) => response.end('one'))
    origin.server.on('connection', () => connections++)
    const { send, forwarder } = setUpForwarder(t, { pins: { 'origin.example:80': origin.address } })
    const destination = { scheme: 'http', host: 'origin.example', port: 80 } as const
    for (let round = 0; round < 3; round++) {
      forwarder.prepare(destination)
      forwarder.prepare(destination)
      t.match(await send({ scheme: 'http' }), { status: 200, body: 'one' })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    t.equal(connections, 1)
  },
)

t.test(
  'one client that holds many connections of an origin leaves some to others, and hears when none is free',
  async (t) => {
    const held: ServerResponse[] = []
    const origin = await startHttpOrigin(t, (request, response) => {
      if (request.url !== '/hold') {
        response.end('one')
        return
      }
      response.write('begun')
      held.push(response)
    })
    const pins = { 'origin.example:80': origin.address }
    const { send } = setUpForwarder(t, { pins, firstByteMs: 300 })
    const holding = Array.from({ length: 256 }, () => send({ scheme: 'http', target: '/hold', client: 'a' }))
    while (held.length < 256) await new Promise((resolve) => setTimeout(resolve, 5))
    const left = Promise.withResolvers<UpstreamExchange>()
    send({ scheme: 'http', client: 'a', onStart: left.resolve }).then(
      () => t.fail('a cancelled exchange calls nobody'),
      () => undefined,
    )
    ;(await left.promise).cancel()
    t.match(
      await send({ scheme: 'http', client: 'b' }),
      { status: 200, body: 'one' },
      'another client waits for nothing',
    )
    t.match(await send({ scheme: 'http' }), { status: 200, body: 'one' }, 'nor does one that nobody can tell')
    const waiting = send({ scheme: 'http', client: 'a' })
    t.match(await waiting, { status: null, error: { code: 'upstream-timeout', detail: 'no connection was free' } })
    const next = send({ scheme: 'http', client: 'a' })
    held.pop()?.end()
    t.match(await next, { status: 200, body: 'one' })
    for (const response of held) response.end()
    t.ok((await Promise.all(holding)).every(({ error }) => error === null))
  },
)
