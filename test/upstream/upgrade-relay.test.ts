import t from 'tap'
import { readToEnd, setStage } from '../helpers/stage.ts'
import { readHead, readUntil } from '../helpers/wire-client.ts'

// Through the whole of Weir, for what matters is the wire on both sides; no host here is AI.
const stage = await setStage(t, { config: { timeouts: { drainMs: 1000, firstByteMs: 2000, tunnelIdleMs: 2000 } } })

const UPGRADE = (host: string): string =>
  `GET http://${host}/socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: a2V5\r\n\r\n`

t.test('an upgrade is relayed with the case of its lines, and bytes pass both ways at once', async (t) => {
  const host = stage.host('plain')
  const seen: string[] = []
  stage.play((socket) => {
    socket.once('data', (head: Buffer) => {
      seen.push(head.toString())
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: k\r\n\r\nhello',
      )
      socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString()}>`))
    })
  })
  const client = await stage.open()
  client.write(`${UPGRADE(host)}first`)
  const text = await readUntil(client, (all) => all.includes('<first>'))
  t.match(
    text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\n.*Sec-WebSocket-Accept: k\r\n\r\nhello<first>$/su,
  )
  t.match(seen[0], /^GET \/socket HTTP\/1\.1\r\n.*Sec-WebSocket-Key: a2V5\r\n/su)
  t.notMatch(seen[0], /first/u, 'nothing of the client before 101')
  client.write('second')
  t.match(await readUntil(client, (all) => all.includes('<second>')), /<second>/u)
  client.destroy()
})

t.test('an upgrade that the origin declines is an ordinary response with a body that ends', async (t) => {
  for (const response of [
    'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nn\r\n1\r\no\r\n0\r\n\r\n',
  ]) {
    const host = stage.host('plain')
    stage.play((socket) => socket.once('data', () => socket.write(response)))
    const client = await stage.open()
    client.write(`${UPGRADE(host)}early`)
    const { text, how } = await readToEnd(client)
    t.match(text, /^HTTP\/1\.1 (?:403 Forbidden|200 OK)\r\n.*\r\n\r\nno$/su)
    t.notMatch(text, /transfer-encoding/iu)
    t.equal(how, 'end')
  }
})

t.test('what the origin sends last arrives whole, however slowly the client reads', async (t) => {
  const host = stage.host('plain')
  const size = 8_000_000
  stage.play((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.end(Buffer.alloc(size, 'z'))
    })
  })
  const client = await stage.open()
  client.write(UPGRADE(host))
  await readHead(client)
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal((await readToEnd(client)).text.length, size)
})

t.test('an upgraded connection on which nothing moves is closed', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    )
  })
  const client = await stage.open()
  client.write(UPGRADE(host))
  await readHead(client)
  await readToEnd(client)
  t.pass('closed')
})

t.test('an origin that never answers an upgrade is given up', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => socket.resume())
  const client = await stage.open()
  client.write(UPGRADE(host))
  t.match((await readToEnd(client)).text, /^HTTP\/1\.1 504 /u)
})

t.test('what a client sends before the answer waits for 101, in order', async (t) => {
  const host = stage.host('plain')
  stage.play((socket) => {
    socket.once('data', () => {
      setTimeout(() => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        socket.on('data', (chunk: Buffer) => socket.write(chunk))
      }, 150)
    })
  })
  const client = await stage.open()
  client.write(`${UPGRADE(host)}one;`)
  await new Promise((resolve) => setTimeout(resolve, 50))
  client.write('two;')
  t.match(await readUntil(client, (text) => text.endsWith('two;')), /\r\n\r\none;two;$/u)
  client.destroy()
})
