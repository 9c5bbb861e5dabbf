import type { Duplex } from 'node:stream'
import t from 'tap'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer } from '../../src/upstream/dial.ts'
import { createUpgrader } from '../../src/upstream/upgrade.ts'
import { startTcpOrigin } from '../helpers/origin.ts'

type Seen =
  | { readonly kind: 'switched'; readonly headers: readonly string[]; readonly stream: Duplex }
  | { readonly kind: 'declined'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly code: string }

async function ask(answer: string | null, firstByteMs = 5000): Promise<{ seen: Seen; asked: string }> {
  let asked = ''
  const origin = await startTcpOrigin(t, (socket) =>
    socket.once('data', (head: Buffer) => {
      asked = head.toString('latin1')
      if (answer !== null) socket.end(answer)
    }),
  )
  const dialer = createDialer({
    guard: createAddressGuard({ allowPrivate: [], ownPorts: () => [] }),
    pins: { 'origin.example:80': origin.address },
    extraRoots: [],
    connectMs: 5000,
    handshakeMs: 5000,
  })
  const upgrader = createUpgrader({ dialer, firstByteMs, maxHeaderBytes: 4096 })
  t.teardown(() => upgrader.close())
  const seen = await new Promise<Seen>((resolve) => {
    upgrader.open(
      {
        destination: { scheme: 'http', host: 'origin.example', port: 80 },
        target: '/socket?x',
        headers: ['Host', 'origin.example', 'X-Case', 'Kept', 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
      },
      {
        switched: (_reason, headers, stream) => resolve({ kind: 'switched', headers, stream }),
        declined: (status, _reason, _headers, body) => {
          let text = ''
          body.on('data', (chunk: Buffer) => (text += chunk.toString()))
          body.once('close', () => resolve({ kind: 'declined', status, body: text }))
        },
        failed: (error) => resolve({ kind: 'failed', code: error.code }),
      },
    )
  })
  return { seen, asked }
}

t.test('after 101 there is a bare stream, with what came behind the head first', async (t) => {
  const { seen, asked } = await ask(
    'HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-B: c\r\n\r\nhello',
  )
  t.match(asked, /^GET \/socket\?x HTTP\/1\.1\r\nHost: origin\.example\r\nX-Case: Kept\r\n/u)
  if (seen.kind !== 'switched') throw new Error(seen.kind)
  t.strictSame(seen.headers, ['X-B', 'c'])
  const [first] = (await seen.stream.take(1).toArray()) as Buffer[]
  t.equal(first?.toString(), 'hello')
})

t.test('an answer that is no 101 is passed with its body', async (t) => {
  const { seen } = await ask('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
  t.strictSame(seen, { kind: 'declined', status: 403, body: 'no' })
})

t.test('what fails is told once, by its code', async (t) => {
  t.match((await ask('')).seen, { kind: 'failed', code: 'upstream-reset' })
  t.match((await ask('garbage\r\n\r\n')).seen, { kind: 'failed', code: 'upstream-protocol' })
  t.match((await ask(null, 50)).seen, { kind: 'failed', code: 'upstream-timeout' })
  const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(25)
  t.match((await ask(`${hints}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`)).seen, { code: 'upstream-protocol' })
})
