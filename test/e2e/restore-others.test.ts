/** Values are put back in the answers of the less common dialects too; where nobody can, the client's placeholders are counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createEventStreamParser } from '../../src/wire/aws-eventstream.ts'
import { ask, tunnelFrom } from '../helpers/asking-client.ts'
import { readBody } from '../helpers/echo-provider.ts'
import { bedrockChunk, bedrockEvent } from '../helpers/event-stream.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'

/** Assembled so that no scanner of this repository takes it for a real one. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const HOSTS = [
  'bedrock-runtime.us-east-1.amazonaws.com',
  'api.githubcopilot.com',
  'api2.cursor.sh',
  'generativelanguage.googleapis.com',
] as const

interface Reply {
  readonly type: string
  /** What the provider makes of the placeholder that it got. */
  readonly write: (placeholder: string) => readonly (Buffer | string)[]
  readonly onAnswered?: () => unknown
}

async function setUp(t: Test) {
  const pki = await makePki(t)
  const bodies: string[] = []
  let reply: Reply = { type: 'application/json', write: () => ['{}'] }
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then(async (body) => {
        bodies.push(body.toString())
        const placeholder = /WEIR[A-Z2-7]{12}/u.exec(body.toString())?.[0] ?? 'none'
        response.writeHead(200, { 'content-type': reply.type })
        for (const piece of reply.write(placeholder)) {
          response.write(piece)
          await sleep(1)
        }
        response.end()
      })
      .catch(() => response.destroy())
  })
  const weir = await startWeir(t, {
    pins: Object.fromEntries(HOSTS.map((host) => [`${host}:443`, origin.address])),
    roots: [pki.rootPem],
    policy: (text) => text.replace(/^default: .*$/mu, 'default: restricted').replace(/^assign:[^]*?(?=^default)/mu, ''),
  })
  const outcomeOf = async (flow: string) => {
    const isIt = (event: Record<string, unknown>) => event['flow'] === flow && event['phase'] === 'outcome'
    return flowEvents(await weir.waitForEvents((all) => all.some(isIt))).find(isIt)
  }
  return { weir, bodies, outcomeOf, replyWith: (next: Reply) => (reply = next) }
}

/** Every byte in a chunk of its own would take long; three are enough to cut everything once. */
const inThrees = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / 97) }, (_, index) => bytes.subarray(index * 97, index * 97 + 97))

/** Payloads of an AWS event stream, whose checksums are looked at. */
function framesOf(t: Test, bytes: Buffer): Record<string, unknown>[] {
  const events: Record<string, unknown>[] = []
  const parser = createEventStreamParser(({ payload }) => {
    const value = JSON.parse(payload.toString()) as Record<string, unknown>
    const inner = value['bytes']
    events.push(
      typeof inner === 'string'
        ? (JSON.parse(Buffer.from(inner, 'base64').toString()) as Record<string, unknown>)
        : value,
    )
  }, 1_000_000)
  t.equal(parser.push(bytes), null, 'checksums and lengths are right')
  t.ok(parser.isAtBoundary())
  return events
}

const deltaOf = (event: Record<string, unknown>): { text?: string; toolUse?: { input?: string } } =>
  event['delta'] ?? {}

t.test('where the answer is not one of the common kinds', async (t) => {
  const { bodies, outcomeOf, replyWith, weir } = await setUp(t)
  const bearer = { authorization: 'Bearer bedrock-api-key-dummy' }
  const converse = { messages: [{ role: 'user', content: [{ text: `the key is ${KEY}` }] }] }

  await t.test('Bedrock with a key of its own, which signs nothing: converse and invoke, streamed', async (t) => {
    const host = HOSTS[0]
    replyWith({
      type: 'application/vnd.amazon.eventstream',
      write: (placeholder) =>
        inThrees(
          Buffer.concat([
            ...[`say ${placeholder.slice(0, 6)}`, `${placeholder.slice(6)}.`].map((text) =>
              bedrockEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
            ),
            bedrockEvent('contentBlockStop', { contentBlockIndex: 0 }),
            ...['{"content":"', placeholder, '"}'].map((input) =>
              bedrockEvent('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input } } }),
            ),
            bedrockEvent('contentBlockStop', { contentBlockIndex: 1 }),
            bedrockEvent('messageStop', { stopReason: 'tool_use' }),
          ]),
        ),
    })
    const asked = { host, path: '/model/amazon.nova-pro-v1:0/converse-stream', headers: bearer, body: converse }
    const answer = await ask(weir, asked)
    const events = framesOf(t, answer.body)
    t.equal(events.map((event) => deltaOf(event).text ?? '').join(''), `say ${KEY}.`)
    t.equal(events.map((event) => deltaOf(event).toolUse?.input ?? '').join(''), `{"content":"${KEY}"}`)
    t.match(await outcomeOf(answer.headers['x-weir-event'] ?? ''), { restored: 2, complete: true })

    replyWith({
      type: 'application/vnd.amazon.eventstream',
      write: (placeholder) => [
        bedrockChunk({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: placeholder } }),
        bedrockChunk({ type: 'content_block_stop', index: 0 }),
      ],
    })
    const invoke = await ask(weir, {
      host,
      path: '/model/anthropic.claude-x/invoke-with-response-stream',
      headers: bearer,
      body: { anthropic_version: 'bedrock-2023-05-31', messages: [{ role: 'user', content: `the key is ${KEY}` }] },
    })
    t.equal(deltaOf(framesOf(t, invoke.body)[0] ?? {}).text, KEY)
  })

  await t.test('Bedrock with a signature: nothing is edited, so the tier blocks', async (t) => {
    const before = bodies.length
    const answer = await ask(weir, {
      host: HOSTS[0],
      path: '/model/amazon.nova-pro-v1:0/converse',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/bedrock/aws4_request, Signature=0' },
      body: converse,
    })
    t.equal(answer.status, 400)
    t.equal(bodies.length, before)
  })

  await t.test('MCP: what a server says of what it was given, whole and as events', async (t) => {
    const call = { name: 'note', arguments: { text: `the key is ${KEY}` } }
    const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: call }
    const result = (text: string) =>
      JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        result: { content: [{ type: 'text', text }], structuredContent: { text } },
      })
    const asked = { host: HOSTS[1], path: '/mcp/', headers: { 'mcp-protocol-version': '2025-06-18' }, body }
    replyWith({ type: 'application/json', write: (placeholder) => [result(placeholder)] })
    const whole = await ask(weir, asked)
    t.equal(whole.text, result(KEY))
    replyWith({
      type: 'text/event-stream',
      write: (placeholder) => [
        `id: 1\ndata: ${result(placeholder).slice(0, 60)}`,
        `${result(placeholder).slice(60)}\n\n`,
      ],
    })
    const streamed = await ask(weir, asked)
    t.equal(streamed.text, `id: 1\ndata: ${result(KEY)}\n\n`)
    t.match(await outcomeOf(streamed.headers['x-weir-event'] ?? ''), { restored: 2 })
    t.notOk(bodies.some((each) => each.includes(KEY)))
  })

  await t.test('Connect: a single JSON message comes back with the value', async (t) => {
    const asked = { host: HOSTS[2], path: '/aiserver.v1.AiService/Ask', headers: { 'connect-protocol-version': '1' } }
    replyWith({ type: 'application/json', write: (placeholder) => [JSON.stringify({ text: `a ${placeholder}` })] })
    t.equal(
      (await ask(weir, { ...asked, body: { text: `the key is ${KEY}` } })).text,
      JSON.stringify({ text: `a ${KEY}` }),
    )
  })

  await t.test('Connect, an answer in frames: its bytes stay, and the placeholder in it is counted', async (t) => {
    const asked = { host: HOSTS[2], path: '/aiserver.v1.AiService/Ask', headers: { 'connect-protocol-version': '1' } }
    let sent = Buffer.alloc(0)
    replyWith({
      type: 'application/connect+proto',
      write: (placeholder) => {
        const text = Buffer.from(placeholder)
        sent = Buffer.concat([Buffer.from([0, 0, 0, 0, text.length + 2, 0x0a, text.length]), text])
        return [sent]
      },
    })
    const answer = await ask(weir, { ...asked, body: { text: `the key is ${KEY}` } })
    t.ok(answer.body.equals(sent))
    t.match(await outcomeOf(answer.headers['x-weir-event'] ?? ''), { restoreMisses: 1, unrestored: 'dialect' })
  })

  await t.test('an API without a dialect: one way, and the placeholder in its answer is counted', async (t) => {
    replyWith({ type: 'application/json', write: (placeholder) => [JSON.stringify({ said: placeholder })] })
    const answer = await ask(weir, { host: HOSTS[0], path: '/other', headers: bearer, body: { text: `key ${KEY}` } })
    t.match(answer.text, /WEIR[A-Z2-7]{12}/u)
    t.equal(answer.headers['x-weir-action'], 'redact')
    t.match(await outcomeOf(answer.headers['x-weir-event'] ?? ''), { restoreMisses: 1, unrestored: 'dialect' })
  })

  await t.test(
    'a value beside the body cannot be edited, so the tier blocks; the key of the tool itself passes',
    async (t) => {
      replyWith({ type: 'application/json', write: () => ['{}'] })
      const asked = { host: HOSTS[1], path: '/mcp/', body: { jsonrpc: '2.0', id: 7, method: 'tools/call', params: {} } }
      const headers = { 'mcp-protocol-version': '2025-06-18' }
      const before = bodies.length
      for (const [place, more] of [
        ['header.mcp-param-text', { headers: { ...headers, 'mcp-param-text': `the key is ${KEY}` } }],
        ['query.q', { path: `/mcp/?q=the+key+is+${KEY}`, headers }],
      ] as const) {
        const answer = await ask(weir, { ...asked, ...more })
        t.match(answer.text, `where it cannot be removed: aws-access-key (${place})`)
        t.match(await outcomeOf(answer.headers['x-weir-event'] ?? ''), {
          reason: 'uneditable',
          findings: [{ detector: 'aws-access-key', field: place, count: 1 }],
        })
      }
      t.equal(bodies.length, before)
      for (const more of [
        { headers: { ...headers, authorization: `Bearer ${KEY}`, 'x-api-key': KEY, cookie: `a=${KEY}` } },
        { path: `/mcp/?key=${KEY}`, headers },
      ]) {
        t.equal((await ask(weir, { ...asked, ...more })).status, 200)
      }
      t.equal(bodies.length, before + 2)
    },
  )

  await t.test('a request without a body is judged by its query', async (t) => {
    replyWith({ type: 'application/json', write: () => ['{}'] })
    const get = async (query: string): Promise<string> => {
      const tls = await tunnelFrom(weir, { host: HOSTS[1], alpn: 'http/1.1' })
      const lines = [`GET /mcp/${query} HTTP/1.1`, `Host: ${HOSTS[1]}`, 'Mcp-Protocol-Version: 2025-06-18']
      tls.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
      let answer = ''
      for await (const piece of tls as AsyncIterable<Buffer>) answer += piece.toString()
      return answer
    }
    t.match(await get(`?q=the+key+is+${KEY}`), /Blocked by ACME policy[^]*aws-access-key \(query\.q\)/u)
    t.match(await get('?q=what+is+a+weir'), /^HTTP\/1\.1 200/u)
    t.match(await get(''), /^HTTP\/1\.1 200/u)
  })

  await t.test('Gemini without events: an array whose elements arrive while it is written', async (t) => {
    const part = (text: string): string =>
      JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, index: 0 }] })
    replyWith({
      type: 'application/json',
      write: (placeholder) => [
        `[${part('say ')}`,
        `\n,\r\n${part(placeholder.slice(0, 9))}`,
        `\n,\r\n${part(placeholder.slice(9))}`,
        '\n]',
      ],
    })
    const answer = await ask(weir, {
      host: HOSTS[3],
      path: '/v1beta/models/gemini-x:streamGenerateContent',
      body: { contents: [{ role: 'user', parts: [{ text: `the key is ${KEY}` }] }] },
    })
    const said = JSON.parse(answer.text) as { candidates: { content: { parts: { text: string }[] } }[] }[]
    t.equal(said.map(({ candidates }) => candidates[0]?.content.parts[0]?.text).join(''), `say ${KEY}`)
  })
})
