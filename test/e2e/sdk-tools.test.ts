/** The OpenAI SDK in a loop of tools: files hold the real value, the provider never does, and history stays what it was. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { piecesOf, readBody, sseText, writeSlowly } from '../helpers/echo-provider.ts'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { startWeir } from '../helpers/weir.ts'

const exec = promisify(execFile)
/** Assembled so that no scanner of this repository takes it for a real one. */
const KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')
const FILE = 'config.ini'

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

const chunk = (delta: unknown, finish_reason: string | null = null): [null, unknown] => [
  null,
  {
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-x',
    choices: [{ index: 0, delta, finish_reason }],
  },
]

/** A call whose arguments come in pieces of five units. */
const call = (name: string, args: unknown): string =>
  sseText([
    chunk({
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: `call_${name}`, type: 'function', function: { name, arguments: '' } }],
    }),
    ...piecesOf(JSON.stringify(args), 5).map((piece) =>
      chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
    ),
    chunk({}, 'tool_calls'),
    [null, '[DONE]'],
  ])

const text = (said: string): string =>
  sseText([
    chunk({ role: 'assistant', content: '' }),
    ...piecesOf(said, 5).map((content) => chunk({ content })),
    chunk({}, 'stop'),
    [null, '[DONE]'],
  ])

/** Writes a file, reads it, and says what was in it. */
function answerTo({ messages }: Asked): string {
  const placeholder = /WEIR[A-Z2-7]{12}/u.exec(JSON.stringify(messages))?.[0] ?? 'none'
  const results = messages.filter(({ role }) => role === 'tool')
  if (results.length === 0) return call('write', { path: FILE, content: `key = "${placeholder}"\n` })
  if (results.length === 1) return call('read', { path: FILE })
  return text(`It holds ${String(results[1]?.content)}`)
}

t.test('streamed tool calls work with the real value over three turns', async (t) => {
  const pki = await makePki(t)
  const turns: Asked[] = []
  const bodies: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    readBody(request)
      .then(async (body) => {
        bodies.push(body.toString())
        const asked = JSON.parse(body.toString()) as Asked
        turns.push(asked)
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        await writeSlowly(response, Buffer.from(answerTo(asked)), 173)
      })
      .catch(() => response.destroy())
  })
  const weir = await startWeir(t, {
    pins: { 'api.openai.com:443': origin.address },
    roots: [pki.rootPem],
    policy: (policy) => policy.replace('assign:', 'assign:\n  - { tool: openai-api, tier: restricted }'),
  })
  const ca = join(weir.dir, 'weir-ca.pem')
  writeFileSync(ca, weir.ca)
  const { stdout } = await exec(process.execPath, [join('test', 'e2e', 'sdk', 'openai-tools.ts')], {
    env: {
      PATH: process.env['PATH'],
      HOME: weir.dir,
      HTTPS_PROXY: `http://127.0.0.1:${weir.port}`,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: ca,
      PROMPT: `put the key ${KEY} into ${FILE}`,
    },
  })
  t.equal(readFileSync(join(weir.dir, FILE), 'utf8'), `key = "${KEY}"\n`, 'the tool wrote the real value')
  t.equal(stdout, `ANSWER It holds key = "${KEY}"\n\n`, 'and the developer reads it')
  t.equal(turns.length, 3)
  t.notMatch(bodies.join(), KEY, 'the provider never saw it')
  for (const [index, { messages }] of turns.slice(1).entries()) {
    const before = turns[index]?.messages ?? []
    t.ok(before.length > 0)
    t.equal(JSON.stringify(messages.slice(0, before.length)), JSON.stringify(before), 'history is what it was')
  }
})
