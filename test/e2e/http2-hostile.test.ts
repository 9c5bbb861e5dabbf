/** HTTP/2 clients that take nothing, take it by the byte, or send what costs them little: bounded, and nobody else notices. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { ask, http2Through } from '../helpers/http2-client.ts'
import { PRIORITY, type RawHttp2Client, rawHttp2Through, requestFields } from '../helpers/http2-frames.ts'
import {
  block,
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frame,
  headersFrame,
  settingsFrame,
  windowFrame,
} from '../helpers/http2-origin.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

const HOST = 't1.openai.azure.com'
const INITIAL_WINDOW_SIZE = 4
const ENHANCE_YOUR_CALM = 11
const MEGABYTE = 1024 * 1024
/** The most that kernels keep of a connection on loopback, on its way out and in. */
const KERNEL_BYTES = 16 * MEGABYTE
/** What all the buffers of a test's peers and of Weir may take together. */
const MEMORY_BYTES = 160 * MEGABYTE

interface World {
  readonly weir: TestWeir
  /** Paths of the requests that the origin saw. */
  readonly seen: string[]
  /** Bytes that the origin could write of its endless bodies. */
  readonly endless: () => number
}

/** `/endless` goes on as long as somebody takes it, `/letters` is 300 bytes, all else is `fine`. */
async function setUp(t: Test): Promise<World> {
  const pki = await makePki(t)
  const seen: string[] = []
  let written = 0
  const pour = (response: ServerResponse): void => {
    const piece = Buffer.alloc(65_536, 'x')
    const go = (): void => {
      while (!response.destroyed) {
        written += piece.length
        if (!response.write(piece)) return
      }
    }
    response.on('drain', go)
    go()
  }
  const origin = await startHttpsOrigin(t, pki, (request: IncomingMessage, response) => {
    seen.push(request.url ?? '')
    request.on('error', () => undefined)
    request.resume()
    if (request.url === '/endless') pour(response)
    else if (request.url === '/letters') response.end(LETTERS)
    else request.once('end', () => response.end('fine'))
  })
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    config: { timeouts: { bodyIdleMs: 700, drainMs: 1000 } },
  })
  return { weir, seen, endless: () => written }
}

const LETTERS = Array.from({ length: 300 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')

const get = (id: number, path: string): Buffer => headersFrame(id, END_STREAM, ...requestFields('GET', HOST, path))
const isOn =
  (type: number, id: number) =>
  (each: Frame): boolean =>
    each.type === type && each.id === id

const bodyOf = ({ frames }: RawHttp2Client, id: number): string =>
  Buffer.concat(frames.filter(isOn(FRAME.data, id)).map(({ payload }) => payload)).toString()

t.test('streams whose window never opens are given up, one by one, and nothing is hoarded for them', async (t) => {
  const { weir, endless } = await setUp(t)
  const { session } = await http2Through(t, weir, HOST)
  t.equal((await ask(session, {})).body.toString(), 'fine')
  const before = process.memoryUsage().rss
  const client = await rawHttp2Through(t, weir, HOST, [[INITIAL_WINDOW_SIZE, 0]])
  const ids = Array.from({ length: 50 }, (_, index) => 2 * index + 1)
  client.send(...ids.map((id) => get(id, '/endless')))
  for (const id of ids) t.ok(await client.find(isOn(FRAME.headers, id)))
  t.equal((await ask(session, {})).body.toString(), 'fine', 'meanwhile another connection is served')
  client.send(windowFrame(0, 1000), get(501, '/'), windowFrame(501, 1000))
  await client.find((each) => isOn(FRAME.data, 501)(each) && (each.flags & END_STREAM) !== 0)
  t.equal(bodyOf(client, 501), 'fine', 'and another stream of this one')
  for (const id of ids) t.equal((await client.find(isOn(FRAME.rst, id)))?.type, FRAME.rst, `stream ${id} is reset`)
  t.notOk(
    client.frames.some((each) => each.type === FRAME.data && each.id !== 501),
    'not a byte came',
  )
  t.ok(endless() < 50 * KERNEL_BYTES, `the origin was held back: ${endless()} bytes`)
  t.ok(process.memoryUsage().rss - before < MEMORY_BYTES, 'in flat memory')
  const ends = await weir.waitForEvents((all) => codesOf(all).length >= 50)
  t.strictSame(
    codesOf(ends),
    Array.from({ length: 50 }, () => 'client-timeout'),
  )
})

const codesOf = (events: Record<string, unknown>[]): string[] =>
  flowEvents(events).flatMap(({ error }) => (error == null ? [] : [(error as { code: string }).code]))

t.test('a window that opens byte by byte gets its body whole, and holds up no other stream', async (t) => {
  const { weir } = await setUp(t)
  const client = await rawHttp2Through(t, weir, HOST, [[INITIAL_WINDOW_SIZE, 0]])
  client.send(get(1, '/letters'))
  await client.find(isOn(FRAME.headers, 1))
  for (let count = 1; count <= LETTERS.length; count++) {
    const from = client.frames.length
    client.send(windowFrame(1, 1))
    await client.find(isOn(FRAME.data, 1), from)
    if (count === 100) {
      client.send(get(3, '/'), windowFrame(3, 1000))
      await client.find((each) => isOn(FRAME.data, 3)(each) && (each.flags & END_STREAM) !== 0)
      t.equal(bodyOf(client, 3), 'fine')
    }
  }
  t.equal(bodyOf(client, 1), LETTERS)
  const pieces = client.frames.filter(isOn(FRAME.data, 1))
  t.ok(pieces.every(({ payload }) => payload.length <= 1))
  t.equal(pieces.at(-1)?.flags, END_STREAM, 'the end comes with the last byte, though no window is left')
})

t.test('an initial window that goes up and down changes no byte; too often ends the connection', async (t) => {
  const { weir } = await setUp(t)
  const { session } = await http2Through(t, weir, HOST)
  const client = await rawHttp2Through(t, weir, HOST, [[INITIAL_WINDOW_SIZE, 1]])
  client.send(get(1, '/letters'))
  for (let round = 0; round < 30; round++) {
    client.send(settingsFrame([INITIAL_WINDOW_SIZE, round % 2 === 0 ? 0 : 10 * round]))
  }
  client.send(settingsFrame([INITIAL_WINDOW_SIZE, 65_535]))
  await client.find((each) => isOn(FRAME.data, 1)(each) && (each.flags & END_STREAM) !== 0)
  t.equal(bodyOf(client, 1), LETTERS)
  for (let round = 0; round < 500; round++) {
    client.send(settingsFrame([INITIAL_WINDOW_SIZE, round % 2 === 0 ? 0 : 0x7fffffff]))
  }
  await client.closed
  t.equal((await ask(session, {})).body.toString(), 'fine')
})

const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))
const fields = requestFields('POST', HOST, '/flood')
/** A field of 4000 bytes into HPACK's table, then by its index over and over (RFC 7541 sections 6.1 and 6.2.1). */
const bomb = Buffer.concat([
  block(...requestFields('GET', HOST, '/flood')),
  Buffer.from([0x40, 1, 0x61, 127, 0xa1, 0x1e]),
  Buffer.alloc(4000, 'b'),
  Buffer.alloc(12_000, 0x80 | 62),
])

interface Flood {
  readonly flood: string
  readonly bytes: () => Buffer
  /** What the connection gets; else it is left alone, since the frames cost nothing that lasts. */
  readonly isClosed: boolean
}

const FLOODS: readonly Flood[] = [
  {
    flood: 'empty DATA',
    isClosed: true,
    bytes: () => Buffer.concat([headersFrame(1, 0, ...fields), many(20_000, frame(FRAME.data, 0, 1))]),
  },
  {
    flood: 'empty HEADERS',
    isClosed: true,
    bytes: () => Buffer.concat([headersFrame(1, 0, ...fields), many(20_000, frame(FRAME.headers, END_HEADERS, 1))]),
  },
  {
    flood: 'empty CONTINUATION',
    isClosed: true,
    bytes: () =>
      Buffer.concat([frame(FRAME.headers, 0, 1, block(...fields)), many(20_000, frame(FRAME.continuation, 0, 1))]),
  },
  {
    flood: 'streams reset as soon as they are open',
    isClosed: true,
    bytes: () =>
      Buffer.concat(
        Array.from({ length: 3000 }, (_, index) =>
          Buffer.concat([get(2 * index + 1, '/flood'), frame(FRAME.rst, 0, 2 * index + 1, Buffer.from([0, 0, 0, 8]))]),
        ),
      ),
  },
  {
    flood: 'streams that break their own rules, so that Weir resets them',
    isClosed: true,
    bytes: () =>
      Buffer.concat(
        Array.from({ length: 3000 }, (_, index) => headersFrame(2 * index + 1, END_STREAM, ...fields, 'UPPER', '1')),
      ),
  },
  { flood: 'PRIORITY', isClosed: true, bytes: () => many(200_000, frame(PRIORITY, 0, 3, Buffer.alloc(5, 1))) },
  { flood: 'WINDOW_UPDATE', isClosed: false, bytes: () => many(200_000, windowFrame(0, 1)) },
  { flood: 'frames of no known type', isClosed: true, bytes: () => many(200_000, frame(0xf0, 0, 0, Buffer.alloc(8))) },
]

t.test('floods of frames end the connection that sends them or cost nothing that lasts', async (t) => {
  const { weir } = await setUp(t)
  const { session } = await http2Through(t, weir, HOST)
  t.equal((await ask(session, {})).body.toString(), 'fine')
  for (const { flood, bytes, isClosed } of FLOODS) {
    const before = process.memoryUsage().rss
    const client = await rawHttp2Through(t, weir, HOST)
    client.send(bytes(), frame(FRAME.ping, 0, 0, Buffer.alloc(8, 7)))
    const last = await client.find(({ type }) => type === FRAME.goaway || type === FRAME.ping)
    if (isClosed) {
      t.not(last?.type, FRAME.ping, `is stopped: ${flood}`)
      await client.closed
    } else t.equal(last?.type, FRAME.ping, `is let be: ${flood}`)
    t.ok(process.memoryUsage().rss - before < MEMORY_BYTES, `in flat memory: ${flood}`)
    t.equal((await ask(session, {})).body.toString(), 'fine', `another connection goes on: ${flood}`)
    client.socket.destroy()
  }
})

t.test(
  'a header list that unpacks to fifty megabytes is refused before it is one, and never reaches the origin',
  async (t) => {
    const { weir, seen } = await setUp(t)
    const { session } = await http2Through(t, weir, HOST)
    const before = process.memoryUsage().rss
    const client = await rawHttp2Through(t, weir, HOST)
    for (let id = 1; id < 40; id += 2) client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, id, bomb))
    const told = await client.find(({ type }) => type === FRAME.rst || type === FRAME.goaway)
    t.equal(told?.payload.readUInt32BE(told.type === FRAME.goaway ? 4 : 0), ENHANCE_YOUR_CALM)
    t.equal((await ask(session, {})).body.toString(), 'fine')
    t.ok(process.memoryUsage().rss - before < MEMORY_BYTES)
    t.notOk(seen.includes('/flood'))
  },
)
