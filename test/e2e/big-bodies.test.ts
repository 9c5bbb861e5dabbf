/** Bodies of 256 MiB pass both ways, byte for byte and in flat memory; what is too long to be looked into follows its tier. */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { http2Through } from '../helpers/http2-client.ts'
import { startHttp2Origin } from '../helpers/http2-origin.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'
import { readUntil, tlsThrough } from '../helpers/wire-client.ts'

const MIB = 1024 * 1024
const BIG_BYTES = 256 * MIB
const SMALL_BYTES = MIB
/** Of the whole process: Weir, client and origin are in it. Bodies in memory would be far beyond: a gigabyte passes. */
const MEMORY_BYTES = 224 * MIB
const INSPECT_BYTES = 2 * MIB
const HOSTS = { h1: 'api.anthropic.com', h2: 'api.openai.com' } as const
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

/**
 * Text of a length that no chunk size divides, so that a chunk too much or out of order shows in the digest. Of letters
 * that no keyword is made of: random text of all letters holds something like a secret now and then.
 */
const PIECE = Buffer.from(Array.from(randomBytes(65_521), (byte) => 'qvxz '[byte % 5]).join(''))

/** A key in the part that is read, one in what lies beyond; text for the rest. */
function* pieces(bytes: number): Generator<Buffer> {
  let left = bytes
  const secret = Buffer.from(` ${KEY} `)
  let count = 0
  while (left > 0) {
    const piece = count === 2 || count === 2000 ? secret : PIECE
    const part = piece.subarray(0, left)
    left -= part.length
    count++
    yield part
  }
}

const bodyOf = (bytes: number): Readable => Readable.from(pieces(bytes), { objectMode: false, highWaterMark: 1 })

const WANTED = new Map([
  [BIG_BYTES, await digestOf(bodyOf(BIG_BYTES))],
  [SMALL_BYTES, await digestOf(bodyOf(SMALL_BYTES))],
])

async function digestOf(body: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha1')
  for await (const chunk of body) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

interface World {
  readonly weir: TestWeir
  /** Digests of what the origins received, oldest first. */
  readonly received: string[]
}

/** Two origins, one of each HTTP version, that take what comes and answer with the big body. */
async function setUp(t: Test, tier: string): Promise<World> {
  const pki = await makePki(t)
  const received: string[] = []
  const answer = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): Promise<void> => {
    received.push(await digestOf(request))
    const bytes = Number(request.headers['x-want'])
    const length = request.headers['content-length'] === undefined ? {} : { 'content-length': bytes }
    ;(response as ServerResponse).writeHead(200, { 'content-type': 'application/octet-stream', ...length })
    bodyOf(bytes).pipe(response as ServerResponse)
  }
  const h1 = await startHttpsOrigin(t, pki, (request, response) => void answer(request, response))
  const h2 = await startHttp2Origin(t, pki, () => undefined)
  h2.server.on(
    'request',
    (request: Http2ServerRequest, response: Http2ServerResponse) => void answer(request, response),
  )
  const weir = await startWeir(t, {
    pins: { [`${HOSTS.h1}:443`]: h1.address, [`${HOSTS.h2}:443`]: h2.address },
    roots: [pki.rootPem],
    policy: (text) =>
      text
        .replace('assign:', `assign:\n  - { tool: [anthropic-api, openai-api], tier: ${tier} }`)
        .replaceAll(/inspectMaxBytes: \d+/gu, `inspectMaxBytes: ${INSPECT_BYTES}`),
  })
  return { weir, received }
}

interface Transfer {
  readonly client: 'h1' | 'h2'
  readonly origin: 'h1' | 'h2'
  readonly hasLength: boolean
  readonly up: number
  readonly down: number
}

/** Up and down; resolves with the digest of what came down. */
async function transfer(t: Test, { weir }: World, { client, origin, hasLength, up, down }: Transfer): Promise<string> {
  const host = HOSTS[origin]
  const path = origin === 'h1' ? '/v1/messages' : '/v1/chat/completions'
  const lines = {
    'content-type': 'application/json',
    'x-want': down,
    ...(hasLength ? { 'content-length': up } : {}),
  }
  if (client === 'h2') {
    const { session, socket } = await http2Through(t, weir, host)
    const stream = session.request({ ':method': 'POST', ':path': path, ':authority': host, ...lines })
    bodyOf(up).pipe(stream)
    const digest = await digestOf(stream)
    session.destroy()
    socket.destroy()
    return digest
  }
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca })
  const request = httpRequest({ method: 'POST', path, headers: { host, ...lines }, createConnection: () => socket })
  bodyOf(up).pipe(request)
  const response = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve))
  const digest = await digestOf(response)
  socket.destroy()
  return digest
}

/** The most that memory grows by while something runs. */
async function growthDuring(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss - before)), 20)
  try {
    await run()
  } finally {
    clearInterval(timer)
  }
  return most
}

const BOTH = { up: BIG_BYTES, down: BIG_BYTES }
const ROUNDS: readonly { readonly tier: string; readonly transfers: readonly Transfer[] }[] = [
  {
    tier: 'monitored',
    transfers: [
      { client: 'h1', origin: 'h1', hasLength: true, ...BOTH },
      { client: 'h2', origin: 'h2', hasLength: false, ...BOTH },
    ],
  },
  {
    tier: 'approved',
    transfers: [
      { client: 'h1', origin: 'h2', hasLength: false, up: BIG_BYTES, down: SMALL_BYTES },
      { client: 'h2', origin: 'h1', hasLength: true, up: SMALL_BYTES, down: BIG_BYTES },
    ],
  },
]

// Above the runner's own limit: other tests may have the machine at the same time.
t.setTimeout(300_000)

for (const { tier, transfers } of ROUNDS) {
  const names = transfers.map(
    ({ client, origin, hasLength }) => `${client} to ${origin}, ${hasLength ? 'length' : 'none'}`,
  )
  t.test(`256 MiB up and down pass ${tier} whole and in flat memory: ${names.join(' and at once ')}`, async (t) => {
    const world = await setUp(t, tier)
    const grown = await growthDuring(async () => {
      const got = await Promise.all(transfers.map((each) => transfer(t, world, each)))
      const wanted = transfers.map(({ down }) => WANTED.get(down))
      t.strictSame(got, wanted, 'what comes down')
    })
    const sent = transfers.map(({ up }) => WANTED.get(up))
    t.strictSame(world.received.toSorted(), sent.toSorted(), 'what goes up')
    t.ok(grown < MEMORY_BYTES, `memory grows by ${Math.round(grown / MIB)} MiB`)
    const isOutcome = ({ phase }: Record<string, unknown>): boolean => phase === 'outcome'
    const events = await world.weir.waitForEvents((all) => all.filter(isOutcome).length >= transfers.length)
    for (const event of events.filter(isOutcome)) {
      t.match(event, { complete: true, error: null })
      const isOne = transfers.some(({ up, down }) => event['bytesIn'] === up && event['bytesOut'] === down)
      t.ok(isOne, 'every byte is counted')
      if (tier === 'monitored')
        t.match(
          event,
          { unread: 'oversize', findings: [{ detector: 'aws-access-key', count: 1 }] },
          'the read part is told of',
        )
    }
  })
}

t.test('a body too long to be held is refused before it is all there: at once where it says so', async (t) => {
  const world = await setUp(t, 'restricted')
  const { weir, received } = world
  const head = `POST /v1/messages HTTP/1.1\r\nHost: ${HOSTS.h1}\r\nContent-Type: application/json\r\n`
  const declared = await tlsThrough(weir.port, `${HOSTS.h1}:443`, { ca: weir.ca })
  declared.write(`${head}Expect: 100-continue\r\nContent-Length: ${BIG_BYTES}\r\n\r\n`)
  const refused = await readUntil(declared, (text) => text.endsWith('}'))
  t.match(refused, /^HTTP\/1\.1 400 .*Blocked by /su, 'with nothing of it sent, and no word to go on')
  declared.destroy()

  const chunked = await tlsThrough(weir.port, `${HOSTS.h1}:443`, { ca: weir.ca })
  chunked.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
  for (let sent = 0; sent <= INSPECT_BYTES; sent += PIECE.length) {
    chunked.write(`${PIECE.length.toString(16)}\r\n`)
    chunked.write(PIECE)
    chunked.write('\r\n')
  }
  t.match(await readUntil(chunked, (text) => text.endsWith('}')), /^HTTP\/1\.1 400 .*Blocked by /su, 'in the middle')
  chunked.destroy()

  const { session } = await http2Through(t, weir, HOSTS.h1)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/v1/messages',
    ':authority': HOSTS.h1,
    'content-length': BIG_BYTES,
  })
  stream.on('error', () => undefined)
  t.equal(await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status']))), 400)
  session.destroy()

  const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '), { level: 9 })
  const packed = await tlsThrough(weir.port, `${HOSTS.h1}:443`, { ca: weir.ca })
  packed.write(`${head}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`)
  packed.write(bomb)
  t.match(await readUntil(packed, (text) => text.endsWith('}')), /^HTTP\/1\.1 400 .*Blocked by /su, 'a bomb')
  packed.destroy()

  const events = flowEvents(await weir.waitForEvents((all) => flowEvents(all).length >= 4))
  t.strictSame(
    events.map(({ unread, action }) => [action, unread]),
    [
      ['block', 'oversize'],
      ['block', 'oversize'],
      ['block', 'oversize'],
      ['block', 'decode-limit'],
    ],
  )
  t.strictSame(received, [], 'the upstream hears of none')
})
