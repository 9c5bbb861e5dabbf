/** WebSockets through the whole of Weir, with real peers on both sides. */
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
