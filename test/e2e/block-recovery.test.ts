/** A conversation goes on after a secret in it was blocked, and the secret never leaves. */
import t, { type Test } from 'tap'
import { ask } from '../helpers/asking-client.ts'
import { ECHO, type EchoDialect, type Json, readBody } from '../helpers/echo-provider.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir } from '../helpers/weir.ts'

/** Assembled so that no scanner of this repository takes them for real ones. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const OTHER_KEY = ['AKIA', 'R5TQ2MZ7XWLK3NPJ'].join('')

/** Everything is restricted, and a high finding blocks. */
const blocking = (text: string): string =>
  text
    .replace(/^default: .*$/mu, 'default: restricted')
    .replace(/^assign:[^]*?(?=^default)/mu, '')
    .replace('high: redact', 'high: block')

type Turns = readonly (readonly ['user' | 'assistant', string])[]

const conversation = (dialect: EchoDialect, turns: Turns): Json =>
  dialect === 'openai-responses'
    ? { model: 'g', input: turns.map(([role, content]) => ({ type: 'message', role, content })) }
    : { model: 'g', max_tokens: 9, messages: turns.map(([role, content]) => ({ role, content })) }

async function setUp(t: Test, dialect: EchoDialect) {
  const shape = ECHO[dialect]
  const pki = await makePki(t)
  const bodies: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then((body) => {
        bodies.push(body.toString())
        const text = `You said ${(body.toString().match(/WEIR[A-Z2-7]{12}/gu) ?? []).join()}.`
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(shape.whole({ text, args: '{}' })))
      })
      .catch(() => response.destroy())
  })
  const start = () =>
    startWeir(t, { pins: { [`${shape.host}:443`]: origin.address }, roots: [pki.rootPem], policy: blocking })
  return { shape, bodies, start }
}

for (const dialect of ['anthropic-messages', 'openai-chat', 'openai-responses'] as const) {
  t.test(`${dialect}: what was blocked is redacted in the history, something new is blocked`, async (t) => {
    const { shape, bodies, start } = await setUp(t, dialect)
    const weir = await start()
    const send = (turns: Turns, from = '127.0.0.1') =>
      ask(weir, {
        host: shape.host,
        path: shape.path,
        headers: shape.headers,
        body: conversation(dialect, turns),
        from,
      })
    const first: Turns = [['user', 'hello']]
    t.equal((await send(first)).status, 200)
    const second: Turns = [...first, ['assistant', 'hi'], ['user', `deploy with ${KEY}`]]
    const refused = await send(second)
    t.equal(refused.status, 400)
    t.match(refused.text, 'Blocked by ACME policy')
    const place = dialect === 'openai-responses' ? 'input[2].content' : 'messages[2].content'
    t.match(refused.text, `sensitive data: aws-access-key (${place})`, 'the developer learns what to take out')
    t.notMatch(refused.text, KEY)
    t.equal(bodies.length, 1, 'the provider was not asked')
    const third: Turns = [...second, ['user', 'never mind, what is a weir?']]
    const answer = await send(third)
    t.equal(answer.status, 200)
    t.equal(answer.headers['x-weir-action'], 'redact')
    t.notMatch(bodies[1], KEY)
    t.match(bodies[1], /deploy with WEIR[A-Z2-7]{12}/u)
    t.equal(
      shape.readWhole(JSON.parse(answer.text) as Json).text,
      `You said ${KEY}.`,
      'the tier is reversible: his own value comes back',
    )
    const fourth: Turns = [...third, ['assistant', 'a low wall'], ['user', `and with ${OTHER_KEY}`]]
    t.equal((await send(fourth)).status, 400, 'another secret')
    t.equal((await send([...third, ['assistant', 'a low wall'], ['user', KEY]])).status, 400, 'the same, typed anew')
    t.equal((await send([...fourth, ['user', 'go on']])).status, 200)
    t.notMatch(bodies.join(), OTHER_KEY)
    t.equal((await send(third, '127.0.0.2')).status, 400, 'another client')
    t.equal(bodies.length, 3)
    const events = flowEvents(
      await weir.waitForEvents((all) => flowEvents(all).filter(({ phase }) => phase === 'outcome').length === 7),
    )
    const shown = events.filter(({ reason }) => reason !== undefined).map(({ action, reason }) => [action, reason])
    t.strictSame(
      shown.toSorted((a, b) => String(a).localeCompare(String(b))),
      [
        ['block', 'finding'],
        ['block', 'finding'],
        ['block', 'finding'],
        ['block', 'finding'],
        ['redact', 'history-redacted'],
        ['redact', 'history-redacted'],
        ['redact', 'tier-restricted'],
      ],
    )
    t.notMatch(JSON.stringify(weir.events()) + weir.log.join(''), KEY)
  })
}

t.test('a restart forgets: the history is blocked once more', async (t) => {
  const { shape, start } = await setUp(t, 'openai-chat')
  const history: Turns = [
    ['user', KEY],
    ['user', 'go on'],
  ]
  for (const run of [1, 2]) {
    const weir = await start()
    const send = (turns: Turns) =>
      ask(weir, { host: shape.host, path: shape.path, body: conversation('openai-chat', turns) })
    t.equal((await send(history)).status, 400, `run ${run}`)
    t.equal((await send([...history, ['user', 'please']])).status, 200)
    await weir.stop()
  }
})
