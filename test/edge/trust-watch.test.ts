import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { watchTrust } from '../../src/edge/trust-watch.ts'

/** A socket of which only the endings are played. */
class Ended extends EventEmitter {
  bytesRead = 0
}

interface Watched {
  readonly socket: Ended
  readonly said: string[]
  atMs: number
}

function watched(): Watched {
  const socket = new Ended()
  socket.on('error', () => undefined)
  const world: Watched = { socket, said: [], atMs: 0 }
  watchTrust(socket as unknown as TLSSocket, () => world.atMs, {
    onDistrust: ({ detail }) => world.said.push(`distrust ${detail ?? ''}`),
    onHangUp: () => world.said.push('hang-up'),
    onTrust: () => world.said.push('trust'),
  })
  return world
}

const alert = (code: string): Error => Object.assign(new Error('x'), { code })

t.test('an alert that comes after the handshake is a refusal, said once', async (t) => {
  const { socket, said } = watched()
  socket.emit('error', alert('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'))
  socket.emit('error', alert('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'))
  socket.emit('close')
  t.strictSame(said, ['distrust unknown_ca'])
})

t.test('a connection that is closed within seconds without a byte is a hang-up, later it is none', async (t) => {
  const soon = watched()
  soon.socket.emit('close')
  t.strictSame(soon.said, ['hang-up'])
  const late = watched()
  late.atMs = 5001
  late.socket.emit('close')
  t.strictSame(late.said, [])
})

t.test('a client that spoke trusts us, whatever comes then', async (t) => {
  const { socket, said } = watched()
  socket.bytesRead = 1
  socket.emit('error', alert('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'))
  socket.emit('close')
  t.strictSame(said, ['trust'])
})
