/** WebSockets through the whole of Weir, with real peers on both sides. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type WebSocket from 'ws'
import { policyWith } from '../clients/scenario.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { closeOf, nextMessages, openWebSocket, startWebSocketOrigin } from '../helpers/ws-peers.ts'

const HOST = 'api.openai.com'
const PATH = '/v1/responses'
const CODEX = { headers: { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' } }
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

const request = (text: string): string =>
  JSON.stringify({ type: 'response.create', model: 'gpt-6', input: [{ role: 'user', content: text }] })

/** Answers each request as the provider does, and keeps what it got. */
function provider(received: string[]): (socket: WebSocket) => void {
  return (socket) => {
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      received.push(text)
      if (!text.includes('response.create')) return
      socket.send(JSON.stringify({ type: 'response.created', response: { model: 'gpt-6-x' } }))
      socket.send(JSON.stringify({ type: 'response.output_text.delta', delta: 'hi' }))
      const usage = { input_tokens: 812, output_tokens: 64 }
      socket.send(JSON.stringify({ type: 'response.completed', response: { model: 'gpt-6-x', usage } }))
    })
  }
}

async function stage(
  tier: 'approved' | 'monitored' | 'restricted' | 'prohibited',
  options: { policy?: (text: string) => string; deflate?: boolean } = {},
) {
  const pki = await makePki(t)
  const received: string[] = []
  const { origin, upgrades } = await startWebSocketOrigin(t, pki, provider(received), {
    perMessageDeflate: options.deflate ?? false,
  })
  const weir = await startWeir(t, {
    pins: { [`${HOST}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) => (options.policy ?? ((same) => same))(policyWith(text, 'openai-codex', tier)),
  })
  return { weir, received, upgrades }
}

const isWhole = (count: number) => (events: Record<string, unknown>[]) =>
  flowEvents(events).filter(({ phase }) => phase === 'outcome').length === count

t.test('a secret in a message of a restricted tool reaches the provider as a placeholder', async (t) => {
  const { weir, received } = await stage('restricted')
  const client = await openWebSocket(weir, HOST, PATH, CODEX)
  client.send(request('hello'))
  await nextMessages(client, 3)
  client.send(request(`the key is ${KEY} and`))
  await nextMessages(client, 3)
  t.equal(received[0], request('hello'), 'a clean message arrives byte for byte')
  t.match(received[1], /the key is WEIR\w+ and/u)
  t.notMatch(received[1], KEY)
  client.close(1000)
  t.equal((await closeOf(client)).code, 1000)
  const events = flowEvents(await weir.waitForEvents(isWhole(3)))
  const opened = events.find(({ parent }) => parent === undefined)
  t.match(opened, { phase: 'intent', action: 'redact', method: 'GET', unread: null })
  const messages = events.filter(({ parent }) => parent === opened?.['flow'])
  t.match(messages, [
    { phase: 'intent', action: 'redact', bytesUnchanged: true, findings: [] },
    { phase: 'outcome', status: 200, model: 'gpt-6-x', tokens: { in: 812, out: 64 }, complete: true },
    { phase: 'intent', action: 'redact', bytesUnchanged: false, findings: [{ detector: 'aws-access-key' }] },
    { phase: 'outcome', status: 200, complete: true, bytesIn: request(`the key is ${KEY} and`).length },
  ])
  t.match(events.at(-1), { phase: 'outcome', status: 101, complete: true, messages: { in: 2, out: 6 }, error: null })
})

t.test('a compressed connection is read, and goes on after an edit although its window is another', async (t) => {
  const { weir, received } = await stage('restricted', { deflate: true })
  const client = await openWebSocket(weir, HOST, PATH, { ...CODEX, perMessageDeflate: { threshold: 0 } })
  t.match(client.extensions, /permessage-deflate/u)
  const texts = ['one and the same text', 'one and the same text', `the key is ${KEY}`, 'one and the same text', 'last']
  for (const text of texts) {
    client.send(request(text))
    await nextMessages(client, 3)
  }
  t.strictSame(received.slice(0, 2), [request(texts[0] ?? ''), request(texts[1] ?? '')])
  t.match(received[2], /the key is WEIR\w+/u)
  t.strictSame(received.slice(3), [request(texts[3] ?? ''), request('last')])
  client.close(1000)
  await closeOf(client)
})

t.test('a message that policy blocks is refused in a frame, and the connection is closed in good order', async (t) => {
  const { weir, received } = await stage('restricted', {
    policy: (text) => text.replaceAll('severities: { high: redact', 'severities: { high: block'),
  })
  const client = await openWebSocket(weir, HOST, PATH, CODEX)
  const answered = nextMessages(client, 1)
  const closed = closeOf(client)
  client.send(request(`the key is ${KEY}`))
  const [refusal = ''] = await answered
  t.equal((await closed).code, 1000)
  t.strictSame(received, [], 'nothing went upstream')
  const events = flowEvents(await weir.waitForEvents(isWhole(2)))
  const message = events.find(({ parent }) => parent !== undefined)
  t.match(message, { phase: 'outcome', action: 'block', reason: 'finding', status: 400, bytesUnchanged: false })
  t.match(JSON.parse(refusal), {
    type: 'error',
    status: 400,
    error: {
      type: 'invalid_request_error',
      code: 'weir_policy_block',
      message: new RegExp(String(message?.['flow']), 'u'),
    },
  })
  t.match(
    events.find(({ phase, parent }) => phase === 'outcome' && parent === undefined),
    { status: 101, complete: true, error: null },
  )
})

t.test('a monitored connection is relayed untouched, its requests recorded from a copy', async (t) => {
  const { weir, received } = await stage('monitored', { deflate: true })
  const client = await openWebSocket(weir, HOST, PATH, { ...CODEX, perMessageDeflate: { threshold: 0 } })
  client.send(request(`the key is ${KEY}`))
  await nextMessages(client, 3)
  client.send(JSON.stringify({ type: 'response.cancel' }))
  client.send(request('again'))
  await nextMessages(client, 3)
  t.match(received[0], KEY, 'it passes')
  client.close(1000)
  await closeOf(client)
  const events = flowEvents(await weir.waitForEvents(isWhole(3)))
  const opened = events.find(({ parent }) => parent === undefined)
  t.match(opened, { phase: 'intent', action: 'log', unread: null })
  // An outcome waits for its intent to be on disk, the next message does not wait for it.
  const byFlow = events.toSorted((a, b) =>
    String(a['flow']) < String(b['flow']) ? -1 : a['flow'] === b['flow'] ? 0 : 1,
  )
  t.match(
    byFlow.filter(({ parent }) => parent === opened?.['flow']),
    [
      { phase: 'intent', action: 'log', findings: [{ detector: 'aws-access-key' }] },
      { phase: 'outcome', status: 200, model: 'gpt-6-x', tokens: { in: 812, out: 64 }, complete: true },
      { phase: 'intent', action: 'log', findings: [] },
      { phase: 'outcome', status: 200, complete: true },
    ],
  )
  t.match(events.at(-1), { messages: { in: 3, out: 6 }, complete: true })
})

t.test('a prohibited tool gets 426, and an approved one is not read', async (t) => {
  const prohibited = await stage('prohibited')
  await t.rejects(openWebSocket(prohibited.weir, HOST, PATH, CODEX), { message: 'answered 426' })
  t.equal(prohibited.upgrades.length, 0)
  const approved = await stage('approved')
  const client = await openWebSocket(approved.weir, HOST, PATH, CODEX)
  client.send(request(KEY))
  await nextMessages(client, 3)
  t.match(approved.received[0], KEY)
  client.close(1000)
  await closeOf(client)
  const events = flowEvents(await approved.weir.waitForEvents(isWhole(1)))
  t.match(events, [{ phase: 'outcome', action: 'allow', findings: [] }])
})

t.test('a change of the tier takes effect on a connection that is open', async (t) => {
  const { weir, received } = await stage('restricted')
  const client = await openWebSocket(weir, HOST, PATH, CODEX)
  client.send(request('before'))
  await nextMessages(client, 3)
  const file = join(weir.dir, 'rules', 'policy.yaml')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('tool: openai-codex, tier: restricted', 'tool: openai-codex, tier: prohibited'),
  )
  await weir.app.reload('signal')
  const refusal = nextMessages(client, 1)
  client.send(request('after'))
  t.match(await refusal, [/weir_policy_block/u])
  t.equal(received.length, 1)
})
