import t from 'tap'
import { setUpForwarder } from '../helpers/forwarder.ts'
import { startTcpOrigin } from '../helpers/origin.ts'
import { ok, onRequests } from '../helpers/stage.ts'

t.test('cookies in several lines, as HTTP/2 clients send them, become one', async (t) => {
  const seen: string[] = []
  const origin = await startTcpOrigin(t, (socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(ok('fine'))
    }),
  )
  const { send } = setUpForwarder(t, { pins: { 'origin.example:80': origin.address } })
  const headers = ['Host', 'origin.example', 'cookie', 'a=1', 'X-A', 'b', 'cookie', 'c=2']
  t.match(await send({ scheme: 'http', headers }), { status: 200, error: null })
  t.match(seen[0], /\r\ncookie: a=1; c=2\r\nX-A: b\r\n/u)
  t.notMatch(seen[0], /cookie: c=2/u)
})

t.test('a 100 that nobody asked for is dropped, and the answer behind it passes', async (t) => {
  const origin = await startTcpOrigin(t, (socket) =>
    onRequests(socket, () => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok('fine')}`)),
  )
  const { send } = setUpForwarder(t, { pins: { 'origin.example:80': origin.address } })
  for (let round = 0; round < 2; round++) {
    t.match(await send({ scheme: 'http' }), { status: 200, body: 'fine', error: null })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})

t.test('a connection on which somebody said who he is with NTLM or Negotiate is used for nobody else', async (t) => {
  const seen: [connection: number, request: string][] = []
  let connections = 0
  const origin = await startTcpOrigin(t, (socket) => {
    const connection = (connections += 1)
    onRequests(socket, (request) => {
      seen.push([connection, /authorization: (\S+)/iu.exec(request)?.[1] ?? '-'])
      socket.write(ok('fine'))
    })
  })
  const { send } = setUpForwarder(t, { pins: { 'origin.example:80': origin.address } })
  for (const line of ['Basic eDp5', 'NTLM TlRMTVNTUAAD', 'negotiate YII=', null]) {
    const headers = ['Host', 'origin.example', ...(line === null ? [] : ['Authorization', line])]
    t.match(await send({ scheme: 'http', headers }), { status: 200, error: null })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.strictSame(seen, [
    [1, 'Basic'],
    [2, 'NTLM'],
    [3, 'negotiate'],
    [1, '-'],
  ])
})
