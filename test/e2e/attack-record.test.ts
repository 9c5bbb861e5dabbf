/** Ways to send a prompt and leave no record: breaking off, pipelining, upgrades, old versions, odd methods. */
import t from 'tap'
import { startTcpOrigin } from '../helpers/origin.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough } from '../helpers/wire-client.ts'

const AI = 'api.anthropic.com'
const post = (more = '', body = '{}'): string =>
  `POST /v1/messages HTTP/1.1\r\nHost: ${AI}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`

/** What is sent, how many requests that is, and how the client leaves: at once, or when the records are there. */
const ATTEMPTS: readonly (readonly [
  title: string,
  sent: string,
  requests: number,
  leaves: 'at once' | 'reset' | 'late',
])[] = [
  ['leaving in the middle of the body', post().replace('Length: 2', 'Length: 9'), 1, 'at once'],
  ['leaving behind the request', post(), 1, 'at once'],
  ['three in one write, leaving', post().repeat(3), 3, 'at once'],
  ['three in one write', post().repeat(3), 3, 'late'],
  ['HTTP/1.0 without Host', 'POST /v1/messages HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}', 1, 'late'],
  ['an upgrade with a body', post('Upgrade: websocket\r\nConnection: Upgrade\r\n'), 1, 'late'],
  ['half an upgrade', post('Upgrade: websocket\r\nConnection: x-upgrade\r\n'), 1, 'late'],
  ['a GET with a body', post().replace('POST', 'GET'), 1, 'late'],
  ['escapes for a terminal in the path', post().replace('messages', 'messages%1b[31m%0d%0a=1'), 1, 'late'],
  ['a reset behind the request', post(), 1, 'reset'],
]

t.test('whatever goes on is recorded before, whatever the client does', async (t) => {
  const seen: string[] = []
  const origin = await startTcpOrigin(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      seen.push(chunk.toString('latin1'))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    })
  })
  const weir = await startWeir(t, { pins: { [`${AI}:80`]: origin.address } })
  let before = 0
  for (const [title, sent, requests, leaves] of ATTEMPTS) {
    const { socket } = await connectThrough(weir.port, `${AI}:80`)
    socket.resume()
    await new Promise((resolve) => socket.write(sent, 'latin1', resolve))
    if (leaves === 'at once') socket.destroy()
    if (leaves === 'reset') {
      // A reset may overtake the request: then there is nothing to record, and nothing goes on either.
      socket.resetAndDestroy()
      continue
    }
    const mine = flowEvents(
      await weir.waitForEvents((all) => new Set(flowEvents(all).map(({ flow }) => flow)).size >= before + requests),
    )
    socket.destroy()
    const flows = new Set(mine.map(({ flow }) => flow)).size
    t.ok(flows - before >= requests, title)
    before = flows
  }
  const intents = flowEvents(weir.events()).filter(({ phase }) => phase === 'intent').length
  t.ok(seen.length <= intents, 'nothing went on without an intent')
  t.notMatch(JSON.stringify(weir.events()), /\\u001b|\\r|\\n/u, 'no control character in a record')
})
