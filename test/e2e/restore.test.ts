/** What a developer wrote comes back to him, and to him only, where the provider's answer holds a placeholder. */
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { ask } from '../helpers/asking-client.ts'
import {
  ECHO,
  type EchoDialect,
  eventsOf,
  type Json,
  piecesOf,
  readBody,
  sseText,
  writeSlowly,
} from '../helpers/echo-provider.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeirOptions } from '../helpers/weir.ts'

/** Assembled so that no scanner of this repository takes it for a real one. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
/** With line ends, which JSON escapes. */
const PEM = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIBVQ'.repeat(10),
  'kqhkiG9w0BAQ'.repeat(5),
  '-----END PRIVATE KEY-----',
].join('\n')
const PROMPT = `the key is ${KEY} and the pem is\n${PEM}\n`

interface Answer {
  /** `null`: the request's own placeholders, in the order of the prompt. */
  readonly placeholders?: readonly string[]
  readonly pieceSize?: number
  readonly packetSize?: number
  readonly coding?: 'gzip' | 'br' | 'zstd' | 'unknown'
  readonly contentType?: string | null
  readonly isWhole?: boolean
}

const ENCODE = {
  gzip: gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  unknown: (bytes: Buffer) => bytes,
} as const

/** A provider that says again what it got, and a Weir that redacts. */
async function setUp(t: Test, dialect: EchoDialect, options: TestWeirOptions = {}) {
  const shape = ECHO[dialect]
  const pki = await makePki(t)
  const bodies: string[] = []
  let answer: Answer = {}
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then(async (body) => {
        bodies.push(body.toString())
        const found = answer.placeholders ?? [...new Set(body.toString().match(/WEIR[A-Z2-7]{12}/gu) ?? [])]
        const text = `Your key: ${found.join(', ')}.`
        const args = JSON.stringify({ path: 'k.txt', content: `${found.join('\n')}\n` })
        const size = answer.pieceSize ?? 7
        const plain = Buffer.from(
          answer.isWhole === true
            ? JSON.stringify(shape.whole({ text, args }))
            : sseText(shape.events({ text: piecesOf(text, size), args: piecesOf(args, size) })),
        )
        const bytes = answer.coding === undefined ? plain : Buffer.from(ENCODE[answer.coding](plain))
        const type = answer.contentType ?? (answer.isWhole === true ? 'application/json' : 'text/event-stream')
        response.writeHead(200, {
          ...(answer.contentType === null ? {} : { 'content-type': type }),
          ...(answer.coding === undefined ? {} : { 'content-encoding': answer.coding }),
          ...(answer.isWhole === true ? { 'content-length': bytes.length } : {}),
        })
        await writeSlowly(response, bytes, answer.packetSize ?? 40)
      })
      .catch(() => response.destroy())
  })
  const weir = await startWeir(t, {
    ...options,
    pins: { [`${shape.host}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) => (options.policy ?? restricted)(text),
  })
  const asking = (prompt: string, more: { from?: string; http?: '1.1' | '2'; body?: Json } = {}) =>
    ask(weir, {
      host: shape.host,
      path: shape.path,
      headers: shape.headers,
      body: shape.request(prompt, answer.isWhole !== true),
      ...more,
    })
  return { shape, weir, bodies, ask: asking, answerWith: (next: Answer) => (answer = next) }
}

/** Everything is redacted. */
const restricted = (text: string): string =>
  text.replace(/^default: .*$/mu, 'default: restricted').replace(/^assign:[^]*?(?=^default)/mu, '')

const said = { text: `Your key: ${KEY}, ${PEM}.`, args: { path: 'k.txt', content: `${KEY}\n${PEM}\n` } }
const outcomes = (events: Record<string, unknown>[]) => flowEvents(events).filter(({ phase }) => phase === 'outcome')

for (const dialect of Object.keys(ECHO) as EchoDialect[]) {
  t.test(
    `${dialect}: text and tool arguments hold the developer's own values again, however they are cut`,
    async (t) => {
      const { shape, weir, bodies, ask, answerWith } = await setUp(t, dialect)
      for (const [pieceSize, packetSize] of [
        [1, 1_000_000],
        [3, 11],
        [16, 1],
        [1000, 97],
      ] as const) {
        answerWith({ pieceSize, packetSize: Math.max(packetSize, 5) })
        for (const http of ['1.1', '2'] as const) {
          const answer = await ask(PROMPT, { http })
          t.equal(answer.status, 200)
          const read = shape.read(eventsOf(answer.text))
          t.equal(read.text, said.text, `text in pieces of ${pieceSize} over HTTP/${http}`)
          t.strictSame(JSON.parse(read.args), said.args, 'and arguments')
          t.notMatch(answer.text, /WEIR[A-Z2-7]{12}/u)
          t.equal(answer.headers['x-weir-action'], 'redact')
        }
      }
      for (const body of bodies) {
        t.notMatch(body, KEY)
        t.notMatch(body, 'MIIBVQ')
      }
      const events = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 8))
      for (const event of events) t.match(event, { restored: 4, complete: true, error: null })
      t.notMatch(JSON.stringify(weir.events()) + weir.log.join(''), KEY)
    },
  )

  t.test(`${dialect}: a whole JSON answer is restored, its length is right, every other byte stays`, async (t) => {
    const { shape, ask, answerWith } = await setUp(t, dialect)
    answerWith({ isWhole: true })
    for (const http of ['1.1', '2'] as const) {
      const answer = await ask(PROMPT, { http })
      const read = shape.readWhole(JSON.parse(answer.text) as Json)
      t.equal(read.text, said.text)
      t.strictSame(JSON.parse(read.args), said.args)
      const length = answer.headers['content-length']
      t.ok(length === undefined || Number(length) === answer.body.length)
      t.equal(answer.text, JSON.stringify(shape.whole({ text: said.text, args: JSON.stringify(said.args) })))
    }
  })
}

t.test('a compressed answer is undone and restored, event by event', async (t) => {
  const { shape, ask, answerWith } = await setUp(t, 'anthropic-messages')
  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    for (const isWhole of [false, true]) {
      answerWith({ coding, isWhole, packetSize: 13 })
      const answer = await ask(PROMPT)
      t.equal(answer.headers['content-encoding'], undefined)
      const { text } = isWhole ? shape.readWhole(JSON.parse(answer.text) as Json) : shape.read(eventsOf(answer.text))
      t.equal(text, said.text, `${coding}, ${isWhole ? 'whole' : 'events'}`)
    }
  }
})

t.test('an answer in a coding that nobody knows passes, and the event says so', async (t) => {
  const { weir, ask, answerWith } = await setUp(t, 'anthropic-messages')
  answerWith({ coding: 'unknown' })
  t.match((await ask(PROMPT)).text, /WEIR/u)
  const [event] = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 1))
  t.match(event, { unrestored: 'unknown-coding', complete: true })
})

t.test('a stream without a content type is told by its bytes', async (t) => {
  const { shape, ask, answerWith } = await setUp(t, 'openai-responses')
  answerWith({ contentType: null })
  t.equal(shape.read(eventsOf((await ask(PROMPT)).text)).text, said.text)
})

t.test("another client never gets somebody's value, and the miss is recorded", async (t) => {
  const { shape, weir, bodies, ask, answerWith } = await setUp(t, 'anthropic-messages')
  await ask(PROMPT)
  const placeholders = bodies[0]?.match(/WEIR[A-Z2-7]{12}/gu) ?? []
  t.equal(placeholders.length, 2)
  answerWith({ placeholders })
  const other = await ask('hello', { from: '127.0.0.2' })
  t.notMatch(other.text, KEY)
  t.equal(shape.read(eventsOf(other.text)).text, `Your key: ${placeholders.join(', ')}.`)
  const own = await ask('hello again')
  t.equal(shape.read(eventsOf(own.text)).text, said.text)
  const events = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 3))
  t.match(events[1], { restoreMisses: 4 })
  t.equal(events[1]?.['restored'], undefined)
  t.match(events[2], { restored: 4 })
  t.match(weir.log.join(''), 'flow.restore-miss')
})

t.test('in the next turn the history is byte for byte what the provider saw before', async (t) => {
  const { shape, bodies, ask } = await setUp(t, 'anthropic-messages')
  const prompt = `${PROMPT} db password = "kT9#mQ2$vLx8" so use kT9#mQ2$vLx8`
  const turns: unknown[] = [{ role: 'user', content: [{ type: 'text', text: prompt }] }]
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await ask('', { body: { model: 'c', max_tokens: 9, stream: true, messages: turns } })
    const read = shape.read(eventsOf(answer.text))
    turns.push(
      {
        role: 'assistant',
        content: [
          { type: 'text', text: read.text },
          { type: 'tool_use', id: `t${turn}`, name: 'write', input: JSON.parse(read.args) as unknown },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: `t${turn}`, content: read.text }] },
    )
    t.match(read.text, 'kT9#mQ2$vLx8')
  }
  for (const [index, body] of bodies.entries()) {
    t.notMatch(body, KEY)
    t.notMatch(body, 'kT9#mQ2$vLx8')
    t.notMatch(body, 'MIIBVQ')
    const before = bodies[index - 1]
    // Up to the end of the list of messages.
    if (before !== undefined) t.equal(body.slice(0, before.length - 3), before.slice(0, -3), `turn ${index + 1}`)
  }
})

t.test('a bare value comes back redacted although no detector knows it without the words beside it', async (t) => {
  const { bodies, ask } = await setUp(t, 'openai-chat')
  await ask('db password = "kT9#mQ2$vLx8"')
  await ask('summary: we use kT9#mQ2$vLx8 there')
  const placeholder = /WEIR[A-Z2-7]{12}/u.exec(bodies[0] ?? '')?.[0] ?? '-'
  t.match(bodies[1], `we use ${placeholder} there`)
  await ask('somebody else says kT9#mQ2$vLx8', { from: '127.0.0.2' })
  t.match(bodies[2], 'kT9#mQ2$vLx8', "what one client's vault knows is looked for in his requests only")
})

t.test('after a restart the placeholders are the same, and known again when the history comes', async (t) => {
  const first = await setUp(t, 'anthropic-messages')
  await first.ask(PROMPT)
  const placeholders = [...new Set(first.bodies[0]?.match(/WEIR[A-Z2-7]{12}/gu) ?? [])]
  await first.weir.stop()
  const second = await setUp(t, 'anthropic-messages', {
    config: { inspect: { keyFile: `${first.weir.dir}/data/keys/placeholder.key` } },
  })
  second.answerWith({ placeholders })
  const lost = await second.ask('hello')
  t.equal(second.shape.read(eventsOf(lost.text)).text, `Your key: ${placeholders.join(', ')}.`)
  const found = await second.ask(PROMPT)
  t.equal(second.shape.read(eventsOf(found.text)).text, said.text)
  t.strictSame([...new Set(second.bodies[1]?.match(/WEIR[A-Z2-7]{12}/gu) ?? [])], placeholders)
  const events = outcomes(await second.weir.waitForEvents((all) => outcomes(all).length >= 2))
  t.match(events, [{ restoreMisses: 4 }, { restored: 4 }])
})

t.test('where IT says one-way, placeholders stay', async (t) => {
  const { shape, weir, ask } = await setUp(t, 'anthropic-messages', {
    policy: (text) => restricted(text).replaceAll('reversible: true', 'reversible: false'),
  })
  const { text } = shape.read(eventsOf((await ask(PROMPT)).text))
  t.match(text, /^Your key: WEIR[A-Z2-7]{12}, WEIR[A-Z2-7]{12}\.$/u)
  const [event] = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 1))
  t.equal(event?.['restored'], undefined)
  t.equal(event?.['restoreMisses'], undefined)
})

t.test('where several people share an address nothing is kept and nothing put back', async (t) => {
  const folder = t.testdir({ 'map.yaml': '- { cidr: 127.0.0.3, network: branch, shared: true }\n' })
  const { shape, weir, ask } = await setUp(t, 'anthropic-messages', {
    config: { identity: { map: join(folder, 'map.yaml') } },
  })
  for (const prompt of [PROMPT, 'hello']) {
    const { text } = shape.read(eventsOf((await ask(prompt, { from: '127.0.0.3' })).text))
    t.notMatch(text, KEY)
  }
  t.equal(shape.read(eventsOf((await ask(PROMPT)).text)).text, said.text, 'another address is one person')
  const events = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 3))
  t.match(events[0], { unrestored: 'shared-address' })
  t.equal(events[1]?.['unrestored'], undefined, 'nothing was redacted')
  t.match(events[2], { restored: 4 })
})

t.test('a history that the provider keeps: known goes on, unknown is a block', async (t) => {
  const { shape, weir, bodies, ask } = await setUp(t, 'openai-responses')
  const next = (previous: string | null, from?: string) =>
    ask('', {
      body: { ...shape.request('go on', true), previous_response_id: previous },
      ...(from === undefined ? {} : { from }),
    })
  t.equal((await next('resp_1')).status, 400, 'before anything was seen')
  t.equal((await next(null)).status, 200)
  t.equal((await ask(PROMPT)).status, 200)
  t.equal((await next('resp_1')).status, 200)
  t.equal((await next('resp_2')).status, 400)
  t.equal((await next('resp_1', '127.0.0.2')).status, 400, "somebody else's")
  t.equal((await ask('', { body: { ...shape.request('go on', true), conversation: { id: 'conv_1' } } })).status, 400)
  t.equal(bodies.length, 3, 'nothing of the blocked ones went upstream')
  const events = outcomes(await weir.waitForEvents((all) => outcomes(all).length >= 7))
  t.match(events[0], { action: 'block', reason: 'unknown-history' })
})
