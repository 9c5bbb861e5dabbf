/** A body that is too large for the main thread is read in a thread of its own, with the same result. */
import t from 'tap'
import { ask } from '../helpers/asking-client.ts'
import { readBody } from '../helpers/echo-provider.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'

/** Assembled so that no scanner of this repository takes it for a real one. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

t.test('a key in a large conversation is redacted, and redacted alike in its next turn', async (t) => {
  const pki = await makePki(t)
  const bodies: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then((body) => {
        bodies.push(body.toString())
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end('{}')
      })
      .catch(() => response.destroy())
  })
  const weir = await startWeir(t, {
    pins: { 'api.openai.com:443': origin.address },
    roots: [pki.rootPem],
    config: { inspect: { workers: 1 } },
    policy: (text) => text.replace(/^default: .*$/mu, 'default: restricted').replace(/^assign:[^]*?(?=^default)/mu, ''),
  })
  const turns = Array.from({ length: 40 }, (_, at) => ({
    role: 'user',
    content: `${at} ${'a line of text\n'.repeat(700)}`,
  }))
  const send = (messages: readonly object[]) =>
    ask(weir, {
      host: 'api.openai.com',
      path: '/v1/chat/completions',
      headers: {},
      body: { model: 'gpt-5', messages },
    })
  const secret = { role: 'user', content: `the key is ${KEY}` }
  const conversation = [...turns, secret]
  await send(conversation)
  await send([...conversation, { role: 'user', content: `and bare: ${KEY}` }])
  await send(turns.with(20, secret))
  // On the main thread too, which has a memory of its own.
  const fewer = turns.slice(0, 18)
  await send(fewer)
  await send([...fewer, secret])
  await send(fewer.with(9, secret))
  t.equal(bodies.length, 6)
  for (const body of bodies) t.notMatch(body, KEY)
  const [first = '', second = '', changed = '', , third = '', fourth = ''] = bodies
  t.ok(first.length > 300_000)
  t.ok(third.length < 250_000)
  t.match(first, /the key is WEIR[A-Z2-7]{12}"/u)
  t.ok(second.startsWith(first.slice(0, -2)), 'the second is the first and more')
  const placeholder = /WEIR[A-Z2-7]{12}/u.exec(first)?.[0] ?? '?'
  for (const [name, body] of Object.entries({ changed, third, fourth })) t.match(body, placeholder, name)
})
