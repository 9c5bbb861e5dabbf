/**
 * Peers that break the rules of WebSocket, or send without end: what the client sees is what the protocol says, the event
 * names code and side, and connections beside it live on. Logged, redacted and unread, over HTTP/1.1 and HTTP/2.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import { deflateRawSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { closePayload, frameBytes, OPCODES, WsFrameReader } from '../../src/wire/ws-frames.ts'
import { policyWith } from '../clients/scenario.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { readHead, tlsThrough } from '../helpers/wire-client.ts'
import { connectStream, http2WithConnect, openOverHttp2 } from '../helpers/ws-http2.ts'
import { nextMessages, openWebSocket, startWebSocketOrigin } from '../helpers/ws-peers.ts'

interface Outcome {
  readonly sees: number | null
  readonly error: string | null
  readonly close: readonly [string, number] | null
  readonly message?: Record<string, unknown>
}

interface Row extends Outcome {
  readonly it: string
  readonly frames: readonly (string | readonly [number, number | string])[]
  readonly times?: number
  readonly mask?: boolean
  readonly deflate?: boolean
  readonly leaves?: boolean
  readonly server?: string
  readonly drops?: boolean
  readonly log?: Partial<Outcome>
  readonly redact?: Partial<Outcome>
}

const rows = parse(readFileSync(new URL('../cases/websocket-violations.yaml', import.meta.url), 'utf8')) as Row[]
const HOST = 'api.openai.com'
const CODEX = { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' }
const ACTIONS = { monitored: 'log', restricted: 'redact', approved: 'allow' } as const
const SIDES: Record<string, string> = { client: 'client', upstream: 'upstream' }
const MASK = Buffer.from([1, 2, 3, 4])

function payloadOf(what: number | string): Buffer {
  if (typeof what === 'number') return Buffer.alloc(what, 0x78)
  if (what === 'bomb') return deflateRawSync(Buffer.alloc(5_000_000), { finishFlush: 2 }).subarray(0, -4)
  return what.startsWith('hex:') ? Buffer.from(what.slice(4), 'hex') : Buffer.from(what.slice(5))
}

function bytesOf({ frames, times = 1, mask = true }: Row): Buffer {
  return Buffer.concat(
    frames.flatMap((frame, index) => {
      if (typeof frame === 'string') return [Buffer.from(frame.slice(4), 'hex')]
      const bytes = frameBytes({ opcode: 0, payload: payloadOf(frame[1]), mask: mask ? MASK : null })
      bytes[0] = frame[0]
      return index === 1 && frames.length === 3 ? Array.from({ length: times }, () => bytes) : [bytes]
    }),
  )
}

const closeBytes = (code: number): Buffer =>
  frameBytes({ opcode: OPCODES.close, payload: closePayload(code), mask: MASK })

/** How much the server said: whole frames, and the code of its Close. */
function heard(bytes: Buffer): { frames: number; close: number | null; isBroken: boolean } {
  const reader = new WsFrameReader()
  const seen = { frames: 0, close: null as number | null, isBroken: false }
  let isClose = false
  reader.push(bytes)
  for (let event = reader.next(); event !== null; event = reader.next()) {
    if (event.kind === 'head') {
      isClose = event.head.opcode === OPCODES.close
      if (isClose) seen.close = 1005
      seen.isBroken ||= event.head.mask !== null || event.head.opcode === 3
    }
    if (event.kind === 'payload' && isClose) seen.close = Buffer.from(event.bytes).readUInt16BE(0)
    if (event.kind === 'end') seen.frames += 1
  }
  return seen
}

async function overHttp1(weir: TestWeir, path: string, extensions: Record<string, string>): Promise<Duplex> {
  const socket = await tlsThrough(weir.port, `${HOST}:443`, { ca: weir.ca })
  socket.on('error', () => undefined)
  const lines = Object.entries({ ...CODEX, ...extensions }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${lines.join('')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  const head = await readHead(socket)
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(head)
  return socket
}

async function overHttp2(session: ClientHttp2Session, path: string, extensions: object): Promise<Duplex> {
  const stream = connectStream(session, path, { ...CODEX, ...extensions })
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  if (Number(head[':status']) !== 200) throw new Error(String(head[':status']))
  return stream
}

/** Plays one row; resolves with the code of the Close that came, when the connection is over. */
function play(socket: Duplex, row: Row, isClosing: boolean): Promise<number | null> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0)
    let hasAnswered = false
    const answer = (code: number): void => {
      if (!hasAnswered) socket.write(closeBytes(code))
      hasAnswered = true
    }
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const { close, isBroken } = heard(bytes)
      if (isBroken) answer(1002)
      if (close !== null || isBroken) socket.end()
    })
    socket.once('end', () => socket.end())
    socket.once('close', () => {
      const seen = heard(bytes)
      resolve(seen.isBroken ? 1002 : seen.close)
    })
    socket.write(bytesOf(row))
    if (isClosing) answer(1000)
    if (row.leaves === true) setTimeout(() => socket.destroy(), 100)
    socket.resume()
  })
}

async function stage(t: Test, tier: keyof typeof ACTIONS) {
  const pki = await makePki(t)
  const { origin } = await startWebSocketOrigin(
    t,
    pki,
    (socket, request) => {
      const row = rows[Number(/row=(\d+)/u.exec(request.url ?? '')?.[1] ?? -1)]
      socket.on('message', (data: Buffer, isBinary) => {
        if (row?.server === undefined) {
          socket.send(data, { binary: isBinary })
          return
        }
        request.socket.write(payloadOf(row.server))
        if (row.drops === true) setTimeout(() => socket.terminate(), 100)
      })
    },
    // `ws` has a limit of its own on pings, which is not what is tested here.
    { perMessageDeflate: true, ...{ maxPendingAutoPongs: 1_000_000 } },
  )
  return await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) =>
      policyWith(text, 'openai-codex', tier).replaceAll('inspectMaxBytes: 33554432', 'inspectMaxBytes: 65536'),
  })
}

for (const tier of ['monitored', 'restricted', 'approved'] as const) {
  const action = ACTIONS[tier]
  t.test(`${action}: each violation ends as the protocol says, and the event says whose it was`, async (t) => {
    const weir = await stage(t, tier)
    const { session } = await http2WithConnect(t, weir, HOST)
    const path = '/v1/responses'
    const beside = [
      await openWebSocket(weir, HOST, path, { headers: CODEX }),
      await openOverHttp2(session, HOST, path, { headers: CODEX }),
    ]
    for (const [index, row] of rows.entries()) {
      const expected: Outcome = { ...row, ...(action === 'allow' ? row.log : row[action]) }
      const extensions: Record<string, string> =
        row.deflate === true ? { 'sec-websocket-extensions': 'permessage-deflate' } : {}
      for (const http of ['1.1', '2'] as const) {
        const name = `${row.it}, HTTP/${http}`
        const before = weir.events().length
        const target = `${path}?row=${index}`
        const socket = await (http === '2'
          ? overHttp2(session, target, extensions)
          : overHttp1(weir, target, extensions))
        const isClosing = expected.close?.[0] === 'client' && expected.sees === 1000 && !row.it.startsWith('a Close')
        t.equal(await play(socket, row, isClosing), expected.sees, `${name}: what the client sees`)
        if (action === 'allow') continue
        const isOver = (events: Record<string, unknown>[]): boolean =>
          events.slice(before).some(({ phase, parent }) => phase === 'outcome' && parent === undefined)
        const events = flowEvents((await weir.waitForEvents(isOver)).slice(before))
        const outcome = events.find(({ phase, parent }) => phase === 'outcome' && parent === undefined)
        const error =
          expected.error === null ? null : { code: expected.error, side: SIDES[expected.error.split('-')[0] ?? ''] }
        const close = expected.close === null ? null : { by: expected.close[0], code: expected.close[1] }
        t.strictSame({ error: outcome?.['error'], close: outcome?.['close'] }, { error, close }, `${name}: the event`)
        t.equal(outcome?.['complete'], error === null, name)
        if (expected.message === undefined) continue
        const of = events.filter(({ parent }) => parent !== undefined)
        t.ok(of.length > 0, `${name}: the message has an event`)
        t.match(Object.assign({}, ...of) as object, expected.message, name)
      }
    }
    for (const socket of beside) {
      const back = nextMessages(socket, 1)
      socket.send('{"type":"hello"}')
      t.strictSame(await back, ['{"type":"hello"}'], 'who has nothing to do with it is still connected')
      socket.close(1000)
    }
  })
}
