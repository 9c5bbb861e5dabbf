/** What hostile HTTP/2 clients do costs them their connection, and nobody else theirs. */
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { ask, http2Through, responseOn } from '../helpers/http2-client.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir, type TestWeir } from '../helpers/weir.ts'
import { tlsThrough } from '../helpers/wire-client.ts'

const HOST = 't1.openai.azure.com'
const TYPE = { headers: 1, reset: 3, settings: 4, ping: 6, continuation: 9 } as const

/** A frame (RFC 9113 section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(TYPE.settings, 0, 0)])

/** GET https / of HOST by HPACK's static table, the name as a literal (RFC 7541). */
const REQUEST = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x01, HOST.length]), Buffer.from(HOST)])

async function setUp(t: Test): Promise<TestWeir> {
  const pki = await makePki(t)
  const origin = await startHttpsOrigin(t, pki, (_request, response) => response.end('fine'))
  return startWeir(t, { pins: { [`${HOST}:443`]: origin.address }, roots: [pki.rootPem] })
}

/** A connection whose frames are written by hand; `closed` resolves when Weir has closed it. */
async function rawClient(t: Test, weir: TestWeir): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ALPNProtocols: ['h2'] })
  socket.on('error', () => undefined)
  t.teardown(() => socket.destroy())
  const closed = new Promise((resolve) => {
    socket.once('end', resolve)
    socket.once('close', resolve)
  })
  socket.resume()
  socket.write(PREFACE)
  return { socket, closed }
}

const repeat = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)))

const FLOODS: readonly { readonly flood: string; readonly frames: () => Buffer }[] = [
  {
    flood: 'streams opened and reset at once',
    frames: () =>
      repeat(2000, (index) =>
        Buffer.concat([
          frame(TYPE.headers, 0x5, index * 2 + 1, REQUEST),
          frame(TYPE.reset, 0, index * 2 + 1, Buffer.from([0, 0, 0, 8])),
        ]),
      ),
  },
  { flood: 'pings', frames: () => repeat(20_000, () => frame(TYPE.ping, 0, 0, Buffer.alloc(8))) },
  {
    flood: 'settings',
    frames: () => repeat(2000, () => frame(TYPE.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))),
  },
  {
    flood: 'CONTINUATION without an end',
    frames: () =>
      Buffer.concat([
        frame(TYPE.headers, 0x1, 1, REQUEST),
        repeat(2000, () => frame(TYPE.continuation, 0, 1, Buffer.from([0x00, 1, 0x61, 1, 0x62]))),
      ]),
  },
  { flood: 'a frame that breaks the rules', frames: () => frame(TYPE.headers, 0x5, 2, REQUEST) },
]

t.test('a flood closes the connection that makes it and no other', async (t) => {
  const weir = await setUp(t)
  const { session } = await http2Through(t, weir, HOST)
  for (const { flood, frames } of FLOODS) {
    const { socket, closed } = await rawClient(t, weir)
    socket.write(frames())
    await closed
    t.equal((await ask(session, {})).body.toString(), 'fine', `the other goes on: ${flood}`)
  }
})

t.test('a client that leaves in the middle of its first frame takes nothing with it', async (t) => {
  const weir = await setUp(t)
  for (const length of [0, 1, 24, PREFACE.length]) {
    const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca, ALPNProtocols: ['h2'] })
    socket.on('error', () => undefined)
    socket.write(PREFACE.subarray(0, length), () => socket.destroy())
    if (length === 0) socket.destroy()
  }
  const { session } = await http2Through(t, weir, HOST)
  t.equal((await ask(session, {})).body.toString(), 'fine')
})

t.test(
  'extended CONNECT is offered, and what an upstream without WebSocket says to it takes nothing with it',
  async (t) => {
    const weir = await setUp(t)
    const { session } = await http2Through(t, weir, HOST)
    t.equal((await ask(session, {})).status, 200)
    t.equal(session.remoteSettings.enableConnectProtocol, true)
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', ':scheme': 'https' })
    t.equal((await responseOn(stream)).body.toString(), 'fine', 'a server that ignores the upgrade answers the request')
    t.equal((await ask(session, {})).body.toString(), 'fine')
  },
)
