import t from 'tap'
import { closed, deferred, ok, onRequests, readToEnd, requestTo, setStage } from '../helpers/stage.ts'
import { flowEvents } from '../helpers/weir.ts'
import { readUntil } from '../helpers/wire-client.ts'

const stage = await setStage(t)

t.test('a request that is no AI traffic passes without its Expect, and leaves no event', async (t) => {
  const host = stage.host('plain')
  const seen: string[] = []
  stage.play((socket) =>
    onRequests(socket, (request) => {
      seen.push(request)
      socket.write(ok('done'))
    }),
  )
  const client = await stage.open()
  client.write(requestTo(host, 'body', 'Expect: 100-continue\r\n'))
  t.match(
    await readUntil(client, (text) => text.endsWith('done')),
    /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/u,
  )
  t.match(seen[0], /\r\n\r\nbody$/u)
  t.notMatch(seen[0], /expect/iu)
  client.destroy()
  t.strictSame(flowEvents(stage.weir.events()), [])
})

t.test('an upstream that fails before its head is answered for, one that is cut later is a cut client', async (t) => {
  stage.play((socket) => onRequests(socket, () => socket.destroy()))
  const refused = await stage.open()
  refused.write(requestTo(stage.host('plain'), null, 'Connection: close\r\n'))
  t.match((await readToEnd(refused)).text, /^HTTP\/1\.1 502 /u)
  stage.play((socket) =>
    onRequests(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
      setTimeout(() => socket.destroy(), 20)
    }),
  )
  const cut = await stage.open()
  cut.write(requestTo(stage.host('plain')))
  t.notMatch((await readToEnd(cut)).text, /\r\n0\r\n\r\n$/u)
})

t.test('a client that leaves takes its upstream request with it', async (t) => {
  const asked = deferred<Parameters<typeof closed>[0]>()
  stage.play((socket) => onRequests(socket, () => asked.resolve(socket)))
  const client = await stage.open()
  client.write(requestTo(stage.host('plain')))
  const upstream = await asked.promise
  client.destroy()
  await closed(upstream)
  t.pass('it is closed')
})
