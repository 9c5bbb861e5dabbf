import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Negotiated, negotiateSocks, type SocksAdmit } from '../../src/edge/socks-negotiation.ts'
import { alice } from '../flow/flow-world.ts'

const METHODS = '050100'
const REQUEST = '0501000309' + Buffer.from('a.example').toString('hex') + '01bb'
const admitAll: SocksAdmit = (_credentials, settle) => settle({ client: alice })

interface Talk {
  readonly client: Socket
  readonly inside: Socket
  readonly result: Promise<Negotiated>
}

async function talk(t: Test, admit: SocksAdmit = admitAll, timeoutMs = 5000): Promise<Talk> {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  const inside = await accepted.promise
  server.close()
  for (const socket of [client, inside]) socket.on('error', () => undefined)
  t.teardown(() => [client, inside].map((socket) => socket.destroy()))
  const result = new Promise<Negotiated>((resolve) => negotiateSocks({ socket: inside, timeoutMs, admit }, resolve))
  return { client, inside, result }
}

const send = (socket: Socket, hex: string): boolean => socket.write(Buffer.from(hex, 'hex'))

t.test('a request is heard however it is cut into pieces, and what comes behind it stays unread', async (t) => {
  const bytes = Buffer.from(`${METHODS}${REQUEST}`, 'hex')
  const cuts = fc.sample(fc.subarray([...Array(bytes.length).keys()].slice(1)), { numRuns: 5, seed: 7 })
  for (const cut of [[], ...cuts]) {
    const { client, inside, result } = await talk(t)
    let from = 0
    for (const at of [...cut, bytes.length]) {
      client.write(bytes.subarray(from, at))
      from = at
      await new Promise((resolve) => setImmediate(resolve))
    }
    client.write('inside')
    t.match(await result, { kind: 'request', admitted: { client: alice }, host: 'a.example', port: 443 })
    const [rest] = (await once(inside.resume(), 'data')) as [Buffer]
    t.ok('inside'.startsWith(rest.toString()), rest.toString())
    client.destroy()
  }
})

t.test('all at once, with the first bytes of the tunnel behind it, is heard as well', async (t) => {
  const { client, inside, result } = await talk(t)
  client.write(Buffer.concat([Buffer.from(`${METHODS}${REQUEST}`, 'hex'), Buffer.from('hello')]))
  t.match(await result, { kind: 'request', host: 'a.example' })
  const [rest] = (await once(inside.resume(), 'data')) as [Buffer]
  t.equal(rest.toString(), 'hello')
})

t.test('who offers a password is asked for it; an empty one says nothing', async (t) => {
  for (const [sent, heard] of [
    ['0105616c69636503702e77', 'alice:p.w'],
    ['0105616c69636500', null],
  ] as const) {
    const asked = Promise.withResolvers<string | null>()
    const { client, result } = await talk(t, (credentials, settle) => {
      const text =
        credentials === null
          ? null
          : [credentials.user, credentials.password].map((each) => Buffer.from(each).toString()).join(':')
      asked.resolve(text)
      settle({ client: alice })
    })
    send(client, '05020002')
    t.equal(((await once(client, 'data')) as [Buffer])[0].toString('hex'), '0502')
    send(client, sent)
    t.equal(await asked.promise, heard)
    t.equal(((await once(client, 'data')) as [Buffer])[0].toString('hex'), '0100')
    send(client, REQUEST)
    t.match(await result, { kind: 'request' })
  }
})

t.test('who is not admitted hears it in the words of the method it offered', async (t) => {
  const refuseAll: SocksAdmit = (_credentials, settle) => settle(null)
  for (const [sent, farewell] of [
    [METHODS, '05ff'],
    ['050102', null],
  ] as const) {
    const { client, result } = await talk(t, refuseAll)
    send(client, sent)
    if (farewell === null) send(client, '01016101' + '62')
    const ended = await result
    t.match(ended, { kind: 'refused', error: null })
    if (ended.kind === 'refused') t.equal(Buffer.from(ended.farewell ?? []).toString('hex'), farewell ?? '0101')
  }
})

t.test(
  'what is no SOCKS5, or asks for what is not served, is refused with what its protocol has for that',
  async (t) => {
    const rows: readonly [string, string, string][] = [
      ['0401', 'bad-request', '005b000000000000'],
      ['474554202f', 'not-proxy-protocol', ''],
      ['160301', 'not-proxy-protocol', ''],
      ['0500', 'bad-request', ''],
      ['050101', 'bad-request', '05ff'],
      [`${METHODS}05020001010101010050`, 'bad-request', '05070001000000000000'],
      [`${METHODS}05030001000000000000`, 'bad-request', '05070001000000000000'],
      [`${METHODS}0501000200`, 'bad-request', '05080001000000000000'],
      [`${METHODS}05010003012001bb`, 'bad-request', '05010001000000000000'],
    ]
    for (const [sent, code, farewell] of rows) {
      const { client, result } = await talk(t)
      send(client, sent)
      const ended = await result
      t.match(ended, { kind: 'refused', error: { code } }, sent)
      if (ended.kind === 'refused') t.equal(Buffer.from(ended.farewell ?? []).toString('hex'), farewell, sent)
    }
  },
)

t.test('silence ends the talk, whatever was said before it', async (t) => {
  for (const sent of ['', '05', METHODS, `${METHODS}0501`]) {
    const { client, result } = await talk(t, admitAll, 100)
    if (sent !== '') send(client, sent)
    t.match(await result, { kind: 'refused', error: { code: 'client-timeout' } })
  }
})

t.test('a client that leaves, also while somebody is asked who it is, leaves nothing behind', async (t) => {
  const { client, result } = await talk(t)
  client.end()
  t.match(await result, { kind: 'gone' })
  const waiting = Promise.withResolvers<(admitted: null) => void>()
  const second = await talk(t, (_credentials, settle) => waiting.resolve(settle))
  send(second.client, METHODS)
  const settle = await waiting.promise
  second.client.resetAndDestroy()
  t.match(await second.result, { kind: 'gone' })
  t.doesNotThrow(() => settle(null), 'an answer that comes late is nothing')
})

t.test('a client that talks on while it is not known yet is held back', async (t) => {
  const { client, inside, result } = await talk(t, () => undefined, 400)
  send(client, METHODS)
  for (let index = 0; index < 200; index++) client.write(Buffer.alloc(65_536))
  t.match(await result, { kind: 'refused', error: { code: 'client-timeout' } })
  t.ok(inside.bytesRead < 1_000_000, `${inside.bytesRead} bytes were read`)
})
