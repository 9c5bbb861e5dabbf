import t from 'tap'
import { lingerAfterAnswer } from '../../src/edge/linger.ts'
import { startHttpOrigin } from '../helpers/origin.ts'
import { readToEnd } from '../helpers/stage.ts'
import { openSocket, readUntil } from '../helpers/wire-client.ts'

const setUp = (t: Parameters<typeof startHttpOrigin>[0], requests: string[] = []) =>
  startHttpOrigin(t, (request, response) => {
    requests.push(request.url ?? '')
    lingerAfterAnswer(request, response)
    request.on('error', () => undefined)
    response.writeHead(413, { 'content-length': 5 })
    response.end('large')
  })

t.test('a client that uploads on gets its answer and a clean end, however much it had sent', async (t) => {
  const { port } = await setUp(t)
  const client = await openSocket(port)
  client.pause()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n')
  // Like clients that read only when all is written.
  await new Promise((resolve) => client.write(Buffer.alloc(3_000_000), resolve))
  const { text, how } = await readToEnd(client)
  t.match(text, /^HTTP\/1\.1 413 .*large$/su)
  t.equal(how, 'end')
})

t.test('a client that never finishes is closed', async (t) => {
  const { port } = await setUp(t)
  for (const connection of ['close', 'keep-alive']) {
    const client = await openSocket(port)
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\nContent-Length: 100\r\n\r\nabc`)
    t.match((await readToEnd(client)).text, /large$/u, connection)
  }
})

t.test('a client that finishes its upload may go on, and the rest is no request', async (t) => {
  const requests: string[] = []
  const { port } = await setUp(t, requests)
  const client = await openSocket(port)
  client.write('POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n')
  await readUntil(client, (text) => text.endsWith('large'))
  client.write('GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'.slice(0, 30).padEnd(30, ' '))
  client.write('GET /two HTTP/1.1\r\nHost: a\r\n\r\n')
  await readUntil(client, (text) => text.endsWith('large'))
  t.strictSame(requests, ['/one', '/two'])
  client.destroy()
})
