import t from 'tap'
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
