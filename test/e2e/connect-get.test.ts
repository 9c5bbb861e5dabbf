/** Connect calls that are sent by GET: the message stands in the query, and is judged as if it were a body. */
import { Code, ConnectError } from '@connectrpc/connect'
import t from 'tap'
import { type ClientOptions, CONNECT_HOST, type ConnectWorld, startConnectWorld } from '../helpers/connect-world.ts'
import { flowEvents } from '../helpers/weir.ts'
import { readAll, tlsThrough } from '../helpers/wire-client.ts'

const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const SECRET = `deploy with ${KEY} please`
const CALLS: readonly ClientOptions[] = (['connect-proto', 'connect-json'] as const).flatMap((protocol) =>
  (['1.1', '2'] as const).flatMap((http) => [false, true].map((isCompressed) => ({ protocol, http, isCompressed }))),
)
const nameOf = ({ protocol, http, isCompressed }: ClientOptions): string =>
  `${protocol} over ${http}${isCompressed === true ? ', gzip' : ''}`

async function records({ weir }: ConnectWorld, outcomes: number): Promise<Record<string, unknown>[]> {
  const isDone = (all: Record<string, unknown>[]): boolean =>
    flowEvents(all).filter(({ phase }) => phase === 'outcome').length >= outcomes
  return flowEvents(await weir.waitForEvents(isDone))
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call
  } catch (error) {
    return ConnectError.from(error)
  }
  throw new Error('the call did not fail')
}

t.test('a monitored call passes as it is, and what stands in its query is counted', async (t) => {
  const world = await startConnectWorld(t, 'monitored')
  for (const options of CALLS) {
    const client = await world.client(options)
    t.match(await client.look({ text: SECRET }), { text: SECRET }, nameOf(options))
  }
  const events = await records(world, CALLS.length)
  const outcomes = events.filter(({ phase }) => phase === 'outcome')
  t.equal(events.filter(({ method, action }) => method === 'GET' && action === 'log').length, CALLS.length)
  for (const outcome of outcomes) {
    t.match(outcome, { findings: [{ detector: 'aws-access-key' }], unread: null, complete: true, bytesIn: Number })
    t.ok(Number(outcome['bytesIn']) > 0)
  }
  t.notMatch(JSON.stringify(events), KEY, 'no event holds the query')
})

t.test(
  'of a restricted tool a clean call passes, and one with a secret is refused, for a query is not edited',
  async (t) => {
    const world = await startConnectWorld(t, 'restricted')
    for (const options of CALLS) {
      const client = await world.client(options)
      t.match(await client.look({ text: 'clean' }), { text: 'clean' }, nameOf(options))
      const { code, rawMessage } = await failureOf(client.look({ text: SECRET }))
      t.equal(code, Code.PermissionDenied, nameOf(options))
      t.match(rawMessage, /^Blocked by ACME policy/u, nameOf(options))
    }
    t.strictSame(
      world.seen,
      CALLS.map(() => 'clean'),
    )
    const events = await records(world, CALLS.length * 2)
    t.equal(events.filter(({ reason, action }) => reason === 'uneditable' && action === 'block').length, CALLS.length)
  },
)

const LOOK = '/aiserver.v1.ChatService/Look'

/** A request as no library writes it. */
async function answerTo({ weir }: ConnectWorld, query: string, rest = ''): Promise<string> {
  const socket = await tlsThrough(weir.port, `${CONNECT_HOST}:443`, { ca: weir.ca })
  socket.write(`GET ${LOOK}${query} HTTP/1.1\r\nHost: ${CONNECT_HOST}\r\nConnection: close\r\n${rest || '\r\n'}`)
  return await readAll(socket)
}

t.test('what servers could read in two ways meets the rule for what cannot be read', async (t) => {
  const clean = encodeURIComponent(JSON.stringify({ text: 'clean' }))
  const secret = encodeURIComponent(JSON.stringify({ text: SECRET }))
  const world = await startConnectWorld(t, 'restricted')
  const doubtful = [
    `?encoding=json&message=${clean}&message=${secret}`,
    `?encoding=json&message=${clean}%7`,
    `?base64=1&encoding=json&message=!!!!`,
    `?base64=1&compression=gzip&encoding=json&message=AAAA`,
    `?base64=1&compression=rot13&encoding=json&message=AAAA`,
    `?encoding=json&message=no-json`,
  ]
  for (const query of doubtful) {
    t.match(await answerTo(world, query), /^HTTP\/1\.1 403 [\s\S]*permission_denied/u, query)
  }
  const body = 'Content-Length: 2\r\n\r\n{}'
  t.match(
    await answerTo(world, `?encoding=json&message=${clean}`, body),
    /^HTTP\/1\.1 403 /u,
    'a body beside the query',
  )
  const framed = `Content-Type: application/connect+proto\r\n\r\n`
  t.match(
    await answerTo(world, `?encoding=json&message=${secret}`, framed),
    /^HTTP\/1\.1 [24]00 .*Blocked|^HTTP\/1\.1 403 /su,
    'a head that speaks of frames',
  )
  t.match(await answerTo(world, `?encoding=json&message=${clean}`), /^HTTP\/1\.1 200 [\s\S]*clean/u)
  t.strictSame(world.seen, ['clean'])
  const events = await records(world, doubtful.length + 3)
  t.equal(events.filter(({ reason }) => reason === 'unreadable').length, doubtful.length + 1)
})

t.test('a monitored call that cannot be read passes and says so', async (t) => {
  const world = await startConnectWorld(t, 'monitored')
  t.notMatch(
    await answerTo(world, '?base64=1&encoding=json&message=!!!!'),
    /Blocked/u,
    'the server said what it thinks of it',
  )
  t.match((await records(world, 1)).at(-1), { phase: 'outcome', unread: 'unparsable' })
})
