import { once } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { headersOf } from '../../src/edge/socks.ts'
import { readToEnd, setStage } from '../helpers/stage.ts'
import { makeToken } from '../helpers/tokens.ts'
import { flowEvents, type TestWeir } from '../helpers/weir.ts'
import { openSocket } from '../helpers/wire-client.ts'

const portOf = (weir: TestWeir): number => weir.addresses.socks[0]?.port ?? 0
const hex = async (socket: Socket): Promise<string> => ((await once(socket, 'data')) as [Buffer])[0].toString('hex')
const requestFor = (host: string, port = 443): Buffer =>
  Buffer.concat([Buffer.of(5, 1, 0, 3, host.length), Buffer.from(host), Buffer.of(port >> 8, port & 255)])
const credentials = (user: string, password: string): Buffer =>
  Buffer.concat([Buffer.of(1, user.length), Buffer.from(user), Buffer.of(password.length), Buffer.from(password)])
const SOCKS = { proxy: { socks: ['127.0.0.1:0'] }, audit: { tunnels: 'all' } }

t.test('success is told only when the destination is there, and a server that speaks first is heard', async (t) => {
  const stage = await setStage(t, { config: SOCKS })
  const host = stage.host('plain')
  stage.play((socket) => socket.end('220 hello\r\n'))
  const client = await openSocket(portOf(stage.weir))
  client.write(Buffer.from('050100', 'hex'))
  t.equal(await hex(client), '0500')
  client.write(requestFor(host))
  let text = ''
  for await (const chunk of client) text += (chunk as Buffer).toString('latin1')
  client.destroy()
  t.equal(text, `${Buffer.from('05000001000000000000', 'hex').toString('latin1')}220 hello\r\n`)
  t.match(flowEvents(await stage.weir.waitForEvents((events) => flowEvents(events).length > 0)), [
    { phase: 'tunnel', action: 'allow', destination: { host, port: 443 }, bytesOut: 11 },
  ])
})

t.test('where everybody has to be known, a token opens and nothing else does', async (t) => {
  const stage = await setStage(t, { config: { ...SOCKS, identity: { authenticate: 'required' } } })
  const { token: secret } = await makeToken(stage.weir.dir, 'li.wei', [])
  const nobody = await openSocket(portOf(stage.weir))
  nobody.write(Buffer.from('050100', 'hex'))
  t.equal(await hex(nobody), '05ff', 'no method without a password')
  for (const [user, password, status] of [
    ['li.wei', secret, '0100'],
    ['li.wei', 'wrong', '0101'],
    ['li.wei', '', '0101'],
    ['li.wei:x', secret, '0101'],
  ] as const) {
    const host = stage.host('plain')
    stage.play((socket) => socket.end('yes'))
    const client = await openSocket(portOf(stage.weir))
    client.write(Buffer.from('05020002', 'hex'))
    t.equal(await hex(client), '0502')
    client.write(credentials(user, password))
    t.equal(await hex(client), status, `${user} ${status}`)
    if (status !== '0100') continue
    client.write(requestFor(host))
    t.match(await hex(client), /^0500/u)
    client.destroy()
    const events = flowEvents(
      await stage.weir.waitForEvents((all) => all.some(({ reason }) => reason === 'not-catalogued')),
    )
    t.match(
      events.find(({ reason }) => reason === 'not-catalogued'),
      { assurance: 'token' },
    )
  }
  t.notOk(stage.weir.log.join('').includes(secret))
})

t.test('another protocol on the port is closed and leaves one folded event', async (t) => {
  const stage = await setStage(t, { config: SOCKS })
  for (const word of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01', 'SSH-2.0-x\r\n']) {
    const client = await openSocket(portOf(stage.weir))
    client.write(word, 'latin1')
    t.equal((await readToEnd(client)).text, '')
  }
  t.match(flowEvents(await stage.weir.waitForEvents((events) => flowEvents(events).length > 0)), [
    { reason: 'not-proxy-protocol', action: 'block' },
  ])
})

t.test('a network that may not use the proxy is turned away in the words of SOCKS', async (t) => {
  const stage = await setStage(t, { config: { proxy: { ...SOCKS.proxy, networks: ['10.0.0.0/8'] } } })
  t.equal(await hex(await openSocket(portOf(stage.weir))), '05ff')
})

t.test('user and password are the Basic credential; a user with a colon is nobody', async (t) => {
  const of = (user: string) => headersOf({ user: Buffer.from(user), password: Buffer.from('p:w') })
  t.strictSame(headersOf(null), [])
  t.strictSame(of('li'), ['Proxy-Authorization', `Basic ${Buffer.from('li:p:w').toString('base64')}`])
  t.strictSame(of('li:p'), ['Proxy-Authorization', `Basic ${Buffer.from(':p:w').toString('base64')}`])
})
