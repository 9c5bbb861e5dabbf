/** The same frames through a plain tunnel and through interception in each mode: what the peers see must not differ. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { closePayload, frameBytes, OPCODES, WsFrameReader } from '../../src/wire/ws-frames.ts'
import { policyWith } from '../clients/scenario.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'
import { readHead, tlsThrough } from '../helpers/wire-client.ts'
import { connectStream, http2WithConnect } from '../helpers/ws-http2.ts'
import { startWebSocketOrigin } from '../helpers/ws-peers.ts'

interface Row {
  readonly it: string
  readonly frames: readonly (readonly [number, number | string])[]
  readonly mask?: boolean
  readonly closes?: number
}

const rows = parse(readFileSync(new URL('../cases/websocket-conformance.yaml', import.meta.url), 'utf8')) as Row[]
const AI = 'api.openai.com'
const PLAIN = 'socket.plain.example'

function bytesOf({ frames, mask = true, closes }: Row): Buffer {
  const written = frames.map(([first, what]) => {
    const payload = typeof what === 'number' ? Buffer.alloc(what, 0x78) : Buffer.from(what.slice(4), 'hex')
    const bytes = frameBytes({ opcode: 0, payload, mask: mask ? Buffer.from([1, 2, 3, 4]) : null })
    bytes[0] = first
    return bytes
  })
  const close = frameBytes({ opcode: OPCODES.close, payload: closePayload(1000), mask: Buffer.alloc(4) })
  return Buffer.concat(closes === undefined ? [...written, close] : written)
}

/** Frames of the server, as `opcode:length:beginning`. */
function framesOf(bytes: Buffer): string[] {
  const reader = new WsFrameReader()
  reader.push(bytes)
  const frames: string[] = []
  for (let event = reader.next(); event !== null; event = reader.next()) {
    if (event.kind === 'head') frames.push(`${event.head.opcode}:${event.head.length}:`)
    if (event.kind === 'payload')
      frames.push(`${frames.pop() ?? ''}${Buffer.from(event.bytes.subarray(0, 16)).toString('hex')}`)
  }
  return frames
}

async function openSocket(weir: { readonly port: number }, host: string, ca: string): Promise<Duplex> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca })
  socket.write(
    `GET /v1/responses HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: codex_exec/0.169.0 (Debian)\r\nOriginator: codex_exec\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  const head = await readHead(socket)
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(head)
  return socket
}

async function openStream(session: ClientHttp2Session): Promise<Duplex> {
  const headers = { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' }
  const stream = connectStream(session, '/v1/responses', headers)
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (Number(head[':status']) !== 200) throw new Error(String(head[':status']))
  return stream
}

async function open(t: Test, tier: 'approved' | 'monitored' | 'restricted') {
  const pki = await makePki(t)
  const closes: { resolve: (code: number) => void } = { resolve: () => undefined }
  const { origin } = await startWebSocketOrigin(t, pki, (socket) => {
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }))
    socket.once('close', (code) => closes.resolve(code))
  })
  const weir = await startWeir(t, {
    pins: { [`${AI}:443`]: origin.address, [`${PLAIN}:443`]: origin.address },
    roots: [pki.rootPem],
    // What is no event of the dialect would be refused: here the frames matter.
    policy: (text) => policyWith(text, 'openai-codex', tier).replaceAll('onUnreadable: block', 'onUnreadable: allow'),
  })
  const { session } = await http2WithConnect(t, weir, AI)
  return async (row: Row, host: string, http: '1.1' | '2' = '1.1') => {
    const ended = new Promise<number>((resolve) => {
      closes.resolve = resolve
    })
    const socket =
      http === '2' ? await openStream(session) : await openSocket(weir, host, host === PLAIN ? pki.rootPem : weir.ca)
    const chunks: Buffer[] = []
    const over = new Promise((resolve) => socket.once('close', resolve))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      // The server's Close is the last it says; this client ends without one of its own.
      if (framesOf(Buffer.concat(chunks)).some((frame) => frame.startsWith('8:'))) socket.end()
    })
    socket.resume()
    socket.once('end', () => socket.end())
    socket.write(bytesOf(row))
    const code = await ended
    await over
    const frames = framesOf(Buffer.concat(chunks))
    // A pong may overtake an echo: pings are not held back.
    return { code, pongs: frames.filter((f) => f.startsWith('10:')), rest: frames.filter((f) => !f.startsWith('10:')) }
  }
}

t.test('frames arrive as through a plain tunnel', async (t) => {
  const ways = {
    approved: await open(t, 'approved'),
    monitored: await open(t, 'monitored'),
    restricted: await open(t, 'restricted'),
  }
  for (const row of rows) {
    const plain = await ways.approved(row, PLAIN)
    if (row.closes === undefined) t.equal(plain.code, 1000, row.it)
    for (const [tier, send] of Object.entries(ways)) {
      t.strictSame(await send(row, AI), plain, `${row.it}: ${tier}`)
      t.strictSame(await send(row, AI, '2'), plain, `${row.it}: ${tier}, HTTP/2`)
    }
  }
})
