/** One client that takes all it can get: others are still served and still read. */
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { startHttpOrigin } from '../helpers/origin.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, exchangeOnce, readUntil } from '../helpers/wire-client.ts'

const AI = 'api.anthropic.com'
const head = (length: number): string =>
  `POST /v1/messages HTTP/1.1\r\nHost: ${AI}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`

async function fromOtherAddress(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' })
  socket.on('error', () => undefined)
  socket.write(`CONNECT ${AI}:80 HTTP/1.1\r\nHost: ${AI}:80\r\n\r\n`)
  await readUntil(socket, (text) => text.includes('\r\n\r\n'))
  return socket
}

t.test('bodies that are never finished leave room for others', { skip: process.platform !== 'linux' }, async (t) => {
  const origin = await startHttpOrigin(t, (request, response) => {
    request.resume()
    request.on('end', () => response.end('{}'))
  })
  const weir = await startWeir(t, {
    pins: { [`${AI}:80`]: origin.address },
    config: { limits: { inspectingBytes: 1_000_000 } },
    policy: (text) => text.replace('assign:', 'assign:\n  - { tool: anthropic-api, tier: restricted }'),
  })
  const greedy: Socket[] = []
  t.teardown(() => greedy.forEach((socket) => socket.destroy()))
  for (let index = 0; index < 12; index++) {
    const socket = await fromOtherAddress(weir.port)
    socket.resume()
    socket.write(head(200_000))
    socket.write(Buffer.alloc(199_000, ' '))
    greedy.push(socket)
  }
  await weir.waitForEvents((all) => flowEvents(all).some(({ unread }) => unread === 'over-capacity'))
  const { socket } = await connectThrough(weir.port, `${AI}:80`)
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(200_000) }] })
  t.equal((await exchangeOnce(socket, head(body.length) + body)).status, 200, 'another client is read as ever')
})
