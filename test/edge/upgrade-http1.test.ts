import t from 'tap'
import { readToEnd, setStage } from '../helpers/stage.ts'
import { readUntil } from '../helpers/wire-client.ts'

// Through the whole of Weir: what is joined here are the client's socket and http-proxy.
const stage = await setStage(t)

const upgradeTo = (host: string): string =>
  `GET http://${host}/socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`

t.test('bytes that come with the head of an unread upgrade wait for 101', async (t) => {
  const host = stage.host('plain')
  let before = ''
  stage.play((socket) =>
    socket.once('data', (head: Buffer) => {
      before = head.toString()
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.once('data', (chunk: Buffer) => socket.write(`<${chunk.toString()}>`))
    }),
  )
  const client = await stage.open()
  client.write(`${upgradeTo(host)}early`)
  t.match(await readUntil(client, (text) => text.includes('<early>')), /^HTTP\/1\.1 101 .*<early>$/su)
  t.notMatch(before, /early/u)
  client.destroy()
})

t.test('an upstream that cannot be asked is answered for', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => socket.destroy())
  const client = await stage.open()
  client.write(upgradeTo(host))
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 502 /u)
})
