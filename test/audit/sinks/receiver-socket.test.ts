import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { accepted, connected, writeAndEnd } from '../../../src/audit/sinks/receiver-socket.ts'
import { listen } from './world.ts'

async function open(t: Test, play: (socket: Socket) => void): Promise<Socket> {
  const port = await listen(t, createServer({ allowHalfOpen: true }, play))
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  return socket
}

t.test('a receiver that reads to our end and then ends has it', async (t) => {
  let text = ''
  const socket = await open(t, (peer) =>
    peer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => peer.end()),
  )
  await writeAndEnd(socket, Buffer.from('all of it'), await connected(socket))
  t.equal(text, 'all of it')
})

t.test('one that hangs up before our end has not, however orderly it does so', async (t) => {
  // As a balancer without a server behind it does: an end, no reset, nothing read.
  const socket = await open(t, (peer) => peer.end())
  await t.rejects(writeAndEnd(socket, Buffer.from('x'), await connected(socket)), /before it had read everything/)
  const reading = await open(t, (peer) => peer.once('data', () => peer.end()))
  await t.rejects(writeAndEnd(reading, Buffer.from('x'), await connected(reading)), /before it had read everything/)
})

t.test('how long a refusal may take is bounded; without TLS nothing is waited for', async (t) => {
  const socket = await open(t, () => undefined)
  const graceMs = await connected(socket)
  t.ok(graceMs >= 10 && graceMs <= 1000)
  await accepted(socket, 3_600_000)
})
