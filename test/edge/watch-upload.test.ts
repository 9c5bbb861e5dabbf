import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { watchUpload } from '../../src/edge/watch-upload.ts'
import { startHttpOrigin } from '../helpers/origin.ts'
import { openSocket } from '../helpers/wire-client.ts'

const IDLE_MS = 30

/** A watched request whose client has sent two bytes of four. */
async function half(t: Test): Promise<{ request: IncomingMessage; sendRest: () => void }> {
  const came = Promise.withResolvers<IncomingMessage>()
  const origin = await startHttpOrigin(t, (request) => {
    request.on('error', () => undefined)
    watchUpload(request, IDLE_MS)
    came.resolve(request)
  })
  const socket = await openSocket(origin.port)
  t.teardown(() => socket.destroy())
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab')
  return { request: await came.promise, sendRest: () => void socket.write('cd') }
}

t.test('a body that is read and stops moving is given up', async (t) => {
  const { request } = await half(t)
  request.resume()
  await once(request, 'close')
  t.notOk(request.complete)
})

t.test('a body that nobody reads, or that is paused, waits; read again, it arrives or is given up', async (t) => {
  const { request, sendRest } = await half(t)
  await once(request, 'timeout')
  await once(request, 'timeout')
  t.notOk(request.destroyed, 'nobody has asked for it')
  request.resume()
  request.pause()
  await once(request, 'timeout')
  t.notOk(request.destroyed, 'it is paused')
  sendRest()
  while (!request.complete) await new Promise((resolve) => setImmediate(resolve))
  request.resume()
  await once(request, 'end')
  t.ok(request.complete)
})
