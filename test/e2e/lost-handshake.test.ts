import { connect as connectTls } from 'node:tls'
import t from 'tap'
import { startTcpOrigin } from '../helpers/origin.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { connectThrough, readUntil } from '../helpers/wire-client.ts'

t.test(
  'a client that hangs up in the handshake with an AI host, without a word, leaves a record all the same',
  async (t) => {
    // A real ClientHello, caught on its way.
    let caught: (hello: Buffer) => void = () => undefined
    const hello = new Promise<Buffer>((resolve) => {
      caught = resolve
    })
    const origin = await startTcpOrigin(t, (socket) => socket.once('data', (chunk: Buffer) => caught(chunk)))
    const speaker = connectTls({ port: origin.port, host: '127.0.0.1', servername: 'api.anthropic.com' })
    speaker.on('error', () => undefined)
    const bytes = await hello
    speaker.destroy()

    const weir = await startWeir(t)
    for (let round = 0; round < 3; round++) {
      const { socket } = await connectThrough(weir.port, 'api.anthropic.com:443')
      socket.write(bytes)
      await readUntil(socket, (text) => text.length > 0)
      socket.destroy()
    }
    // A browser opens connections ahead of need and closes them unused.
    const unused = await connectThrough(weir.port, 'api.anthropic.com:443')
    unused.socket.destroy()
    await weir.waitForEvents((events) => flowEvents(events).length > 1)
    await weir.stop()
    const events = flowEvents(weir.events())
    t.match(events, [
      {
        phase: 'tunnel',
        action: 'block',
        reason: 'handshake-failed',
        destination: { host: 'api.anthropic.com', port: 443 },
        error: { code: 'handshake-failed', side: 'client' },
        count: 1,
      },
      // Again and again is what clients do that check the certificate themselves and send no alert.
      { phase: 'tunnel', reason: 'untrusting-client', destination: { host: 'api.anthropic.com', port: 443 } },
    ])
    t.equal(events.length, 2, 'repeats are folded, the unused one is no refusal')
  },
)
