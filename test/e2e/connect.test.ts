/** Real clients and servers of Connect, gRPC-Web and gRPC with Weir between them: passed, counted, redacted, refused. */
import { Code, ConnectError } from '@connectrpc/connect'
import t, { type Test } from 'tap'
import { type ClientOptions, type ConnectWorld, type Line, startConnectWorld } from '../helpers/connect-world.ts'
import { flowEvents } from '../helpers/weir.ts'

const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const SECRET = `deploy with ${KEY} please`

/** Over HTTP/1 no call streams in both directions. */
const UNARY: readonly ClientOptions[] = (['connect-proto', 'connect-json', 'grpc-web'] as const).flatMap((protocol) =>
  (['1.1', '2'] as const).flatMap((http) => [false, true].map((isCompressed) => ({ protocol, http, isCompressed }))),
)
const STREAMING: readonly ClientOptions[] = (['connect-proto', 'connect-json', 'grpc'] as const).flatMap((protocol) =>
  [false, true].map((isCompressed) => ({ protocol, http: '2' as const, isCompressed })),
)
const nameOf = ({ protocol, http, isCompressed }: ClientOptions): string =>
  `${protocol} over ${http}${isCompressed === true ? ', gzip' : ''}`

async function* lines(...texts: string[]): AsyncIterable<Line> {
  for (const text of texts) yield await Promise.resolve({ text })
}

async function textsOf(answers: AsyncIterable<Line>): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of answers) texts.push(text)
  return texts
}

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call
  } catch (error) {
    return ConnectError.from(error)
  }
  throw new Error('the call did not fail')
}

async function outcomes({ weir }: ConnectWorld, count: number): Promise<Record<string, unknown>[]> {
  const done = (all: Record<string, unknown>[]): Record<string, unknown>[] =>
    flowEvents(all).filter(({ phase }) => phase === 'outcome')
  return done(await weir.waitForEvents((all) => done(all).length >= count))
}

/** What a refused client must be able to read. */
function refused(t: Test, { code, rawMessage }: ConnectError, pattern: RegExp, name: string): void {
  t.equal(code, Code.PermissionDenied, `${name}: ${rawMessage}`)
  t.match(rawMessage, pattern, name)
}

t.test('calls with one question pass, with one answer and with many, and so do failures of the server', async (t) => {
  const world = await startConnectWorld(t, 'restricted')
  let count = 0
  for (const options of UNARY) {
    const client = await world.client(options)
    t.match(await client.ask({ text: 'hello' }), { text: 'hello' }, nameOf(options))
    t.strictSame(await textsOf(client.watch({ text: 'w' })), ['w 1', 'w 2', 'w 3'], nameOf(options))
    const { code, rawMessage } = await failureOf(client.ask({ text: 'fail' }))
    t.strictSame([code, rawMessage], [Code.NotFound, 'nothing there'], nameOf(options))
    count += 3
    const events = (await outcomes(world, count)).slice(-3)
    for (const event of events) t.match(event, { complete: true, error: null }, nameOf(options))
    t.match(events[1], { messages: { in: 1, out: 3 } }, nameOf(options))
  }
})

t.test('streams in both directions lose nothing, and each message is counted', async (t) => {
  const world = await startConnectWorld(t, 'restricted')
  let count = 0
  for (const options of STREAMING) {
    const client = await world.client(options)
    t.match(await client.gather(lines('a', 'b', 'c')), { text: 'a | b | c' }, nameOf(options))
    t.match((await outcomes(world, ++count)).at(-1), { messages: { in: 3, out: 1 }, complete: true }, nameOf(options))
    t.strictSame(await textsOf(client.talk(lines('a', 'b', 'c', 'd'))), ['a', 'b', 'c', 'd'], nameOf(options))
    t.match((await outcomes(world, ++count)).at(-1), { messages: { in: 4, out: 4 }, complete: true }, nameOf(options))
  }
})

t.test('a conversation goes on message by message: nobody waits for the end of anything', async (t) => {
  const world = await startConnectWorld(t, 'restricted')
  for (const options of STREAMING) {
    const client = await world.client(options)
    let tellNext: (text: string | null) => void = () => undefined
    async function* questions(): AsyncIterable<Line> {
      for (let text: string | null = 'turn 0'; text !== null; ) {
        const next = new Promise<string | null>((resolve) => (tellNext = resolve))
        yield { text }
        text = await next
      }
    }
    const heard: string[] = []
    for await (const { text } of client.talk(questions())) {
      heard.push(text)
      tellNext(heard.length === 20 ? null : `turn ${heard.length}`)
    }
    t.strictSame(
      heard,
      Array.from({ length: 20 }, (_, index) => `turn ${index}`),
      nameOf(options),
    )
  }
})

t.test('a prohibited tool: every client reads the notice in its own error', async (t) => {
  const world = await startConnectWorld(t, 'prohibited')
  const notice = /^Blocked by ACME policy: Cursor is prohibited/u
  for (const options of UNARY) {
    const client = await world.client(options)
    refused(t, await failureOf(client.ask({ text: 'hello' })), notice, nameOf(options))
    refused(t, await failureOf(textsOf(client.watch({ text: 'hello' }))), notice, nameOf(options))
  }
  for (const options of STREAMING) {
    const client = await world.client(options)
    refused(t, await failureOf(client.gather(lines('a', 'b'))), notice, nameOf(options))
    refused(t, await failureOf(textsOf(client.talk(lines('a', 'b')))), notice, nameOf(options))
  }
  t.strictSame(world.seen, [], 'the server is never asked')
})

t.test('a secret in a single message does not leave: JSON is redacted, what cannot be edited is refused', async (t) => {
  const world = await startConnectWorld(t, 'restricted')
  for (const options of UNARY) {
    const client = await world.client(options)
    if (options.protocol === 'connect-json') {
      t.match((await client.ask({ text: SECRET })).text, /^deploy with .* please$/u, nameOf(options))
      t.match(world.seen.at(-1), /^deploy with \[?[^ ]*WEIR[^ ]* please$/u, nameOf(options))
    } else refused(t, await failureOf(client.ask({ text: SECRET })), /^Blocked by ACME policy/u, nameOf(options))
    refused(t, await failureOf(textsOf(client.watch({ text: SECRET }))), /^Blocked by ACME policy/u, nameOf(options))
  }
  t.notMatch(world.seen.join('\n'), new RegExp(KEY, 'u'))
})

t.test(
  'a secret in a later message ends the stream with the notice; what was clean before it has arrived',
  async (t) => {
    const world = await startConnectWorld(t, 'restricted')
    let count = 0
    for (const options of STREAMING) {
      const client = await world.client(options)
      world.seen.length = 0
      const heard: string[] = []
      let hasHeard: () => void = () => undefined
      const first = new Promise<void>((resolve) => (hasHeard = resolve))
      async function* questions(): AsyncIterable<Line> {
        yield { text: 'clean' }
        await first
        yield { text: SECRET }
        yield { text: 'behind it' }
      }
      const talk = async (): Promise<void> => {
        for await (const { text } of client.talk(questions())) {
          heard.push(text)
          hasHeard()
        }
      }
      refused(t, await failureOf(talk()), /^Blocked by ACME policy/u, nameOf(options))
      t.strictSame([heard, world.seen], [['clean'], ['clean']], nameOf(options))
      const event = (await outcomes(world, ++count)).at(-1)
      t.match(event, { complete: false, error: { code: 'message-blocked', side: 'weir' } }, nameOf(options))
      t.match(event?.['findings'], [{ detector: /aws/u, count: 1 }], nameOf(options))
    }
  },
)

t.test('a monitored tool: the same secrets pass and are counted, compressed or not', async (t) => {
  const world = await startConnectWorld(t, 'monitored')
  let count = 0
  const last = async (): Promise<Record<string, unknown> | undefined> => (await outcomes(world, ++count)).at(-1)
  for (const options of UNARY) {
    const client = await world.client(options)
    t.match(await client.ask({ text: SECRET }), { text: SECRET }, nameOf(options))
    t.match(await last(), { complete: true, findings: [{ detector: /aws/u, count: 1 }] }, nameOf(options))
  }
  for (const options of STREAMING) {
    const client = await world.client(options)
    t.strictSame(await textsOf(client.talk(lines('a', SECRET, SECRET))), ['a', SECRET, SECRET], nameOf(options))
    const event = await last()
    t.match(event, { complete: true, messages: { in: 3, out: 3 } }, nameOf(options))
    t.match(event?.['findings'], [{ detector: /aws/u, count: 2 }], nameOf(options))
  }
  t.equal(world.seen.filter((text) => text === SECRET).length, UNARY.length + 2 * STREAMING.length)
})

t.test('an approved tool passes unread, and its messages are still counted', async (t) => {
  const world = await startConnectWorld(t, 'approved')
  const json = await world.client({ protocol: 'connect-json', http: '1.1' })
  t.match(await json.ask({ text: SECRET }), { text: SECRET })
  const [single] = await outcomes(world, 1)
  t.match(single, { action: 'allow', complete: true, findings: [] })
  t.notOk(single !== undefined && 'messages' in single, 'a single message is no stream')
  const proto = await world.client({ protocol: 'connect-proto', http: '2', isCompressed: true })
  t.strictSame(await textsOf(proto.talk(lines('a', SECRET))), ['a', SECRET])
  t.match((await outcomes(world, 2))[1], { action: 'allow', messages: { in: 2, out: 2 }, findings: [] })
})
