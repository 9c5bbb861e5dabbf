import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { startHttpsOrigin } from '../helpers/origin.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

const exec = promisify(execFile)
const AWS_KEY = ['AKIA', 'Q3ZK7WJ2NPLM5XRT'].join('')

const sse = (events: readonly (readonly [string | null, unknown])[]): string =>
  events
    .map(
      ([name, data]) =>
        `${name === null ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    )
    .join('')

/** What each provider answers to a streamed request: "ok then". */
const SDKS = [
  {
    name: 'anthropic',
    tool: 'anthropic-api',
    host: 'api.anthropic.com',
    model: 'claude-x',
    stream: sse([
      [
        'message_start',
        {
          type: 'message_start',
          message: {
            id: 'm',
            type: 'message',
            role: 'assistant',
            model: 'claude-x',
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: 5, output_tokens: 1 },
          },
        },
      ],
      ['content_block_start', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }],
      ['content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ok ' } }],
      ['content_block_delta', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'then' } }],
      ['content_block_stop', { type: 'content_block_stop', index: 0 }],
      [
        'message_delta',
        { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } },
      ],
      ['message_stop', { type: 'message_stop' }],
    ]),
  },
  {
    name: 'openai',
    tool: 'openai-api',
    host: 'api.openai.com',
    model: 'gpt-x',
    stream: sse([
      [
        null,
        {
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'gpt-x',
          choices: [{ index: 0, delta: { role: 'assistant', content: 'ok ' }, finish_reason: null }],
        },
      ],
      [
        null,
        {
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'gpt-x',
          choices: [{ index: 0, delta: { content: 'then' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
        },
      ],
      [null, '[DONE]'],
    ]),
  },
  {
    name: 'genai',
    tool: 'gemini-api',
    host: 'generativelanguage.googleapis.com',
    model: 'gemini-x',
    stream: sse([
      [null, { candidates: [{ content: { role: 'model', parts: [{ text: 'ok ' }] } }], modelVersion: 'gemini-x' }],
      [
        null,
        {
          candidates: [{ content: { role: 'model', parts: [{ text: 'then' }] }, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
          modelVersion: 'gemini-x',
        },
      ],
    ]),
  },
] as const

/** Run a developer's script with the proxy and the CA set as IT would. */
async function runScript(weir: TestWeir, name: string, prompt: string): Promise<string> {
  const ca = join(weir.dir, 'weir-ca.pem')
  writeFileSync(ca, weir.ca)
  const { stdout } = await exec(process.execPath, [join('test', 'e2e', 'sdk', `${name}.ts`)], {
    env: {
      PATH: process.env['PATH'],
      HOME: weir.dir,
      HTTPS_PROXY: `http://127.0.0.1:${weir.port}`,
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: ca,
      PROMPT: prompt,
    },
  })
  return stdout
}

async function setUp(t: Test, sdk: (typeof SDKS)[number], tier: string) {
  const pki = await makePki(t)
  const bodies: string[] = []
  const origin = await startHttpsOrigin(t, pki, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(sdk.stream)
    })
  })
  const weir = await startWeir(t, {
    pins: { [`${sdk.host}:443`]: origin.address },
    roots: [pki.rootPem],
    policy: (text) => text.replace('assign:', `assign:\n  - { tool: ${sdk.tool}, tier: ${tier} }`),
  })
  return { weir, bodies }
}

for (const sdk of SDKS) {
  t.test(`the ${sdk.name} SDK shows the notice of a block after one request`, async (t) => {
    const { weir, bodies } = await setUp(t, sdk, 'prohibited')
    const output = await runScript(weir, sdk.name, 'hi')
    t.match(output, /^ERROR [^]*Blocked by ACME policy: /u)
    t.equal(bodies.length, 0)
    await weir.stop()
    t.equal(flowEvents(weir.events()).length, 1, 'one request, no retry')
  })

  t.test(
    `the ${sdk.name} SDK works unchanged where it is monitored, and the event knows model and tokens`,
    async (t) => {
      const { weir, bodies } = await setUp(t, sdk, 'monitored')
      t.equal(await runScript(weir, sdk.name, 'hi there'), 'ANSWER ok then\n')
      t.match(bodies[0], /hi there/u)
      await weir.stop()
      const outcome = flowEvents(weir.events()).find(({ phase }) => phase === 'outcome')
      t.match(outcome, { model: sdk.model, tokens: { in: 5, out: 3 }, bytesIn: bodies[0]?.length, complete: true })
    },
  )

  t.test(`the ${sdk.name} SDK gets its answer where it is restricted, and the secret does not leave`, async (t) => {
    const { weir, bodies } = await setUp(t, sdk, 'restricted')
    t.equal(await runScript(weir, sdk.name, `my key is ${AWS_KEY} ok`), 'ANSWER ok then\n')
    t.notMatch(bodies[0], /AKIA/u)
    t.match(bodies[0], /my key is \w+ ok/u)
  })
}
