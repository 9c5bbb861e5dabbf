import type { IncomingMessage } from 'node:http'
import { type Duplex, duplexPair } from 'node:stream'
import t from 'tap'
import { Http1UpgradeSide } from '../../src/edge/upgrade-side-http1.ts'

function open(head = ''): { side: Http1UpgradeSide; peer: Duplex; said: () => string } {
  const [socket, peer] = duplexPair()
  const rawHeaders = ['Host', 'a.example', 'Upgrade', 'WebSocket']
  const request = { httpVersion: '1.1', rawHeaders, headers: { upgrade: 'WebSocket' } } as unknown as IncomingMessage
  let text = ''
  peer.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  return { side: new Http1UpgradeSide(request, socket, Buffer.from(head)), peer, said: () => text }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('101 names the protocol that was asked for, and the lines of the upstream follow', async (t) => {
  const { side, said } = open()
  side.accept('', ['X-A', 'b'])
  await settled()
  t.equal(said(), 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nX-A: b\r\n\r\n')
  t.equal(side.http, '1.1')
})

t.test('what came behind the head is read first', async (t) => {
  const { side, peer } = open('early ')
  peer.end('late')
  t.equal(Buffer.concat((await side.stream.toArray()) as Buffer[]).toString(), 'early late')
})

t.test('a decline says that nothing follows, and ends with its body', async (t) => {
  const { side, peer, said } = open()
  side.decline(403, 'No', ['X-A', 'b']).end('body')
  await new Promise((resolve) => peer.once('end', resolve))
  t.equal(said(), 'HTTP/1.1 403 No\r\nX-A: b\r\nConnection: close\r\n\r\nbody')
})

t.test('a cut closes the socket without an end', async (t) => {
  const { side } = open()
  side.cut()
  t.equal(side.stream.destroyed, true)
  t.equal(side.stream.writableEnded, false)
})
