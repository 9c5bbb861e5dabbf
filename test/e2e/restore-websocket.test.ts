/** Values come back over a WebSocket too, as Codex speaks it. */
import t, { type Test } from 'tap'
import type WebSocket from 'ws'
import { ECHO, type Json, piecesOf } from '../helpers/echo-provider.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'
import { closeOf, openWebSocket, startWebSocketOrigin } from '../helpers/ws-peers.ts'

const { host, path, events, read } = ECHO['openai-responses']
const CODEX = { headers: { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0 (Debian)' } }
/** Assembled so that no scanner of this repository takes it for a real one. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const NOTE = `line one of "${KEY}"\nline two`

/** Says again what it got, with ids that go on. */
function echoing(received: string[]): (socket: WebSocket) => void {
  return (socket) => {
    let answers = 0
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      received.push(text)
      const found = [...new Set(text.match(/WEIR[A-Z2-7]{12}/gu) ?? [])].join(' ')
      const said = { text: piecesOf(`key ${found}`, 5), args: piecesOf(JSON.stringify({ k: found }), 3) }
      answers += 1
      for (const [, event] of events(said)) {
        socket.send(JSON.stringify(event).replaceAll('"resp_1"', `"resp_${answers}"`))
      }
    })
  }
}

const RESTRICTED = (text: string): string =>
  text.replace('assign:', 'assign:\n  - { tool: openai-codex, tier: restricted }')

async function setUp(t: Test, hasDeflate: boolean, policy = RESTRICTED) {
  const pki = await makePki(t)
  const received: string[] = []
  const { origin } = await startWebSocketOrigin(t, pki, echoing(received), { perMessageDeflate: hasDeflate })
  const weir = await startWeir(t, {
    pins: { [`${host}:443`]: origin.address },
    roots: [pki.rootPem],
    policy,
  })
  const options = hasDeflate ? { ...CODEX, perMessageDeflate: { threshold: 0 } } : CODEX
  return { weir, received, client: await openWebSocket(weir, host, path, options) }
}

/** Sends a request and reads its answer to the end. */
function ask(client: WebSocket, prompt: string, more: Json = {}): Promise<Json[]> {
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: prompt }] }]
  const answer = new Promise<Json[]>((resolve, reject) => {
    const seen: Json[] = []
    const onMessage = (data: Buffer): void => {
      const event = JSON.parse(data.toString()) as Json
      seen.push(event)
      if (event['type'] !== 'response.completed' && event['type'] !== 'error') return
      client.off('message', onMessage)
      resolve(seen)
    }
    client.on('message', onMessage)
    client.once('close', (code) => reject(new Error(`closed with ${code}`)))
  })
  client.send(JSON.stringify({ type: 'response.create', model: 'g', input, ...more }))
  return answer
}

for (const hasDeflate of [false, true]) {
  t.test(
    `text and arguments come back${hasDeflate ? ', also compressed' : ''}, and a known history goes on`,
    async (t) => {
      const { weir, received, client } = await setUp(t, hasDeflate)
      for (const more of [{}, { previous_response_id: 'resp_1' }, { previous_response_id: 'resp_2' }]) {
        const seen = await ask(client, NOTE, more)
        t.equal(read(seen).text, `key ${KEY}`)
        t.strictSame(JSON.parse(read(seen).args), { k: KEY })
        t.notMatch(JSON.stringify(seen), /WEIR[A-Z2-7]{12}/u)
        t.match(seen.at(-1), { type: 'response.completed' })
      }
      t.equal(received.length, 3)
      for (const body of received) t.notMatch(body, KEY)
      const bare = await ask(client, 'and now without', {})
      t.equal(read(bare).text, 'key ')
      client.close(1000)
      await closeOf(client)
      const isOver = (all: Record<string, unknown>[]): boolean =>
        flowEvents(all).filter(({ phase }) => phase === 'outcome').length === 5
      const outcomes = flowEvents(await weir.waitForEvents(isOver)).filter(
        ({ phase, parent }) => phase === 'outcome' && parent !== undefined,
      )
      t.match(outcomes.slice(0, 3), [{ restored: 2 }, { restored: 2 }, { restored: 2, complete: true, status: 200 }])
      t.equal(outcomes[3]?.['restored'], undefined)
    },
  )
}

t.test('a message that goes on from a history that nobody here saw is refused', async (t) => {
  const { received, client } = await setUp(t, false)
  const closed = closeOf(client)
  const seen = await ask(client, 'hello', { previous_response_id: 'resp_7' })
  t.match(seen, [{ type: 'error', status: 400, error: { code: 'weir_policy_block' } }])
  t.equal((await closed).code, 1000)
  t.strictSame(received, [])
})

t.test('what was blocked over one connection is edited when the next one sends it again', async (t) => {
  const blocking = (text: string): string => RESTRICTED(text).replace('high: redact', 'high: block')
  const { weir, received, client } = await setUp(t, true, blocking)
  t.match((await ask(client, 'hello')).at(-1), { type: 'response.completed' })
  const closed = closeOf(client)
  const refused = await ask(client, `deploy with ${KEY}`, { previous_response_id: 'resp_1' })
  t.match(refused, [{ type: 'error', status: 400, error: { code: 'weir_policy_block' } }])
  t.match(JSON.stringify(refused), 'sensitive data: aws-access-key (input[0].content[0].text)')
  t.equal((await closed).code, 1000)
  const item = (text: string): Json => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })
  for (const [title, input, more] of [
    ['with all of its history', ['hello', `deploy with ${KEY}`, 'never mind'], {}],
    ['from the last answer', [`deploy with ${KEY}`, 'never mind'], { previous_response_id: 'resp_1' }],
  ] as const) {
    const again = await openWebSocket(weir, host, path, { ...CODEX, perMessageDeflate: { threshold: 0 } })
    const seen = await ask(again, '', { input: input.map(item), ...more })
    t.match(seen.at(-1), { type: 'response.completed' }, title)
    t.equal(read(seen).text, `key ${KEY}`, 'the tier is reversible: his own value comes back')
    const last = closeOf(again)
    t.match((await ask(again, `deploy with ${KEY}`)).at(-1), { type: 'error' }, 'typed anew, it blocks')
    await last
  }
  t.notMatch(received.join(), KEY)
  t.equal(received.length, 3)
})
