import { duplexPair, Readable } from 'node:stream'
import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { UpgradePort } from '../../src/edge/ports.ts'
import { openUpgrade } from '../../src/edge/upgrade-open.ts'

type Sink = Parameters<UpgradePort['open']>[1]

function ask() {
  const [client, peer] = duplexPair()
  let sink: Sink | null = null
  let givenUp = 0
  const port: UpgradePort = {
    open: (_request, given) => {
      sink = given
      return () => {
        givenUp += 1
      }
    },
  }
  const request = { destination: { scheme: 'https', host: 'a.example', port: 443 }, target: '/', headers: [] } as const
  const answer = openUpgrade(port, request, client)
  const theSink = (): Sink => {
    if (sink === null) throw new Error('the port was not asked')
    return sink
  }
  return { client, peer, answer, sink: theSink, givenUp: () => givenUp }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('what the client sends early is read behind the answer, in order', async (t) => {
  const { client, peer, answer, sink } = ask()
  peer.write('one')
  await settled()
  peer.write('two')
  await settled()
  const [stream] = duplexPair()
  sink().switched('Go', [], stream)
  t.match(await answer, { kind: 'switched', reason: 'Go' })
  t.equal(client.isPaused(), true)
  t.equal(String(client.read()), 'onetwo')
})

t.test('a client that sends too much early is not read on', async (t) => {
  const { client, peer, answer, sink } = ask()
  for (let index = 0; index < 6 && !client.isPaused(); index++) {
    peer.write(Buffer.alloc(40_000))
    await settled()
  }
  t.equal(client.isPaused(), true)
  sink().failed(new ProxyError('upstream-reset'))
  t.match(await answer, { kind: 'failed', error: { code: 'upstream-reset' } })
})

t.test('a client that leaves ends the asking', async (t) => {
  for (const leave of ['end', 'destroy'] as const) {
    const { client, peer, answer, givenUp } = ask()
    if (leave === 'end') peer.end()
    else client.destroy()
    t.match(await answer, { kind: 'failed', error: { code: 'client-gone' } }, leave)
    t.equal(givenUp(), 1, leave)
  }
  const [client, peer] = duplexPair()
  peer.end()
  client.read(0)
  while (!client.readableEnded) await settled()
  const request = { destination: { scheme: 'https', host: 'a.example', port: 443 }, target: '/', headers: [] } as const
  const answer = await openUpgrade({ open: () => () => undefined, close: () => undefined } as never, request, client)
  t.match(answer, { kind: 'failed', error: { code: 'client-gone' } }, 'also one that left before')
})

t.test('a decline is handed on', async (t) => {
  const { answer, sink } = ask()
  sink().declined(403, 'No', ['X-A', 'b'], Readable.from([]))
  t.match(await answer, { kind: 'declined', status: 403, headers: ['X-A', 'b'] })
})
