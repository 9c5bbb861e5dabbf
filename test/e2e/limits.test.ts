/** Limits and timeouts of `docs/config.md` that no other test of a whole Weir runs into. */
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { connectThrough, openSocket, readUntil } from '../helpers/wire-client.ts'

t.test(
  'timeouts.streamIdleMs: a stream of events that says nothing for so long is cut, and the event says why',
  async (t) => {
    const stage = await setStage(t, { config: { timeouts: { streamIdleMs: 1000, drainMs: 500 } } })
    stage.play((socket) =>
      onRequests(socket, () =>
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
        ),
      ),
    )
    const client = await stage.open()
    client.write(requestTo(stage.host('monitored')))
    const { text } = await readToEnd(client)
    t.match(text, /data: 1/u)
    t.notMatch(text, /\r\n0\r\n\r\n$/u, 'no clean end')
    const events = await stage.weir.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome'))
    t.match(flowEvents(events).at(-1), { error: { code: 'upstream-idle', side: 'upstream' }, complete: false })
  },
)

t.test('timeouts.tunnelIdleMs: a tunnel in which nothing passes for so long is closed', async (t) => {
  const stage = await setStage(t, { config: { timeouts: { tunnelIdleMs: 1000, drainMs: 500 } } })
  stage.play((socket) => socket.resume())
  const { socket, head } = await connectThrough(stage.weir.port, `${stage.host('plain')}:443`)
  t.match(head, /^HTTP\/1\.1 200 /u)
  socket.write('bytes')
  t.equal((await readToEnd(socket)).text, '')
})

t.test('timeouts.handshakeMs: who begins a handshake inside a tunnel and stops is closed and recorded', async (t) => {
  const stage = await setStage(t, { config: { timeouts: { handshakeMs: 1000, drainMs: 500 } } })
  const { socket } = await connectThrough(stage.weir.port, `${stage.host('monitored')}:443`)
  socket.write(Buffer.from('160301', 'hex'))
  t.equal((await readToEnd(socket)).text, '')
  const events = await stage.weir.waitForEvents((all) => all.some(({ phase }) => phase === 'tunnel'))
  t.match(flowEvents(events).at(-1), { action: 'block', error: { side: 'client' } })
})

t.test(
  'limits.connections: one client connection more than that hears 503, and there is room again after it',
  async (t) => {
    const stage = await setStage(t, { config: { limits: { connections: 2 } } })
    const [first, second] = [await stage.open(), await stage.open()]
    const third = await readToEnd(await stage.open())
    t.match(third.text, /^HTTP\/1\.1 503 /u)
    first.destroy()
    second.destroy()
    for (;;) {
      const socket = await openSocket(stage.weir.port)
      socket.write('CONNECT t1.plain.example:25 HTTP/1.1\r\nHost: t1.plain.example:25\r\n\r\n')
      const answer = await readUntil(socket, (text) => text.includes('\r\n\r\n'))
      socket.destroy()
      if (!answer.startsWith('HTTP/1.1 503')) break
    }
    t.pass('served again')
  },
)

t.test('limits.decodedRatio: a body that grows by more when it is decoded cannot be read', async (t) => {
  const stage = await setStage(t, { config: { limits: { decodedRatio: 5 } } })
  stage.play((socket) => onRequests(socket, () => socket.destroy()))
  const body = gzipSync(`{"messages":[{"role":"user","content":"${'x'.repeat(100_000)}"}]}`)
  const host = stage.host('restricted')
  const client = await stage.open()
  const lines = `Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`
  client.write(requestTo(host, null, lines, 'POST'))
  client.write(body)
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 4\d\d .*Blocked by /su)
  const events = await stage.weir.waitForEvents((all) => all.some(({ phase }) => phase === 'outcome'))
  t.match(flowEvents(events).at(-1), { action: 'block', unread: 'decode-limit' })
})
