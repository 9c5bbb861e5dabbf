/** Streamed answers reach the client piece by piece, byte for byte, and their usage stands in the event. */
import { constants } from 'node:http2'
import t, { type Test } from 'tap'
import {
  type BarrierOrigin,
  type Coding,
  encodedPieces,
  plainPieces,
  receiveStepwise,
  type Script,
  startBarrierOrigin,
  type Version,
} from '../helpers/barrier.ts'
import { bedrockChunk, bedrockEvent } from '../helpers/event-stream.ts'
import { http2Through } from '../helpers/http2-client.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

const { NGHTTP2_CANCEL } = constants
const AZURE = 't1.openai.azure.com'
const BEDROCK = 'bedrock-runtime.eu-central-1.amazonaws.com'
const OLLAMA = 'ollama.com'
const GEMINI = 'generativelanguage.googleapis.com'
const TOOLS = 'tool: [azure-openai, bedrock, ollama, gemini-api]'
const TIERS = { log: 'monitored', redact: 'restricted' } as const
const CODINGS = ['identity', 'gzip', 'deflate', 'br', 'zstd'] as const

interface World {
  readonly weir: TestWeir
  readonly origin: BarrierOrigin
  /** The outcome that is written next. */
  readonly outcome: () => Promise<Record<string, unknown>>
}

async function world(t: Test, action: keyof typeof TIERS, version: Version): Promise<World> {
  const pki = await makePki(t)
  const origin = await startBarrierOrigin(t, pki, version)
  const weir = await startWeir(t, {
    pins: Object.fromEntries([AZURE, BEDROCK, OLLAMA, GEMINI].map((host) => [`${host}:443`, origin.address])),
    roots: [pki.rootPem],
    policy: (text) => text.replace('assign:', `assign:\n  - { ${TOOLS}, tier: ${TIERS[action]} }`),
  })
  let count = 0
  const outcomes = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
    flowEvents(events).filter(({ phase }) => phase === 'outcome')
  const outcome = async (): Promise<Record<string, unknown>> => {
    count += 1
    return outcomes(await weir.waitForEvents((all) => outcomes(all).length >= count)).at(count - 1) ?? {}
  }
  return { weir, origin, outcome }
}

const SSE = [
  ...['Hello', ' wörld', ' and', ' more'].map(
    (text) => `data: ${JSON.stringify({ model: 'gpt-x', choices: [{ delta: { content: text } }], usage: null })}\n\n`,
  ),
  `data: ${JSON.stringify({ model: 'gpt-x', choices: [], usage: { prompt_tokens: 812, completion_tokens: 64 } })}\n\n`,
  'data: [DONE]\n\n',
]

async function sseScript(coding: 'identity' | Coding): Promise<Script> {
  const contentType = 'text/event-stream; charset=utf-8'
  if (coding === 'identity') return { contentType, pieces: plainPieces(SSE) }
  return { contentType, coding, pieces: await encodedPieces(SSE, coding) }
}

/** What other providers stream, and what their events must say of it. */
const STREAMS: readonly {
  readonly name: string
  readonly host: string
  readonly path: string
  readonly script: Script
  readonly model: string
  readonly tokens: { readonly in: number; readonly out: number }
}[] = [
  {
    name: 'frames of Bedrock around events of Anthropic',
    host: BEDROCK,
    path: '/model/anthropic.claude-x/invoke-with-response-stream',
    script: {
      contentType: 'application/vnd.amazon.eventstream',
      pieces: plainPieces([
        bedrockChunk({ type: 'message_start', message: { model: 'claude-x', usage: { input_tokens: 10 } } }),
        bedrockChunk({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'hello' } }),
        bedrockChunk({ type: 'message_delta', usage: { output_tokens: 64 } }),
        bedrockChunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { outputTokenCount: 64 } }),
      ]),
    },
    model: 'claude-x',
    tokens: { in: 10, out: 64 },
  },
  {
    name: "frames of Bedrock's converse",
    host: BEDROCK,
    path: '/model/anthropic.claude-x/converse-stream',
    script: {
      contentType: 'application/vnd.amazon.eventstream',
      pieces: plainPieces([
        bedrockEvent('messageStart', { role: 'assistant' }),
        bedrockEvent('contentBlockDelta', { delta: { text: 'hello' } }),
        bedrockEvent('metadata', { usage: { inputTokens: 812, outputTokens: 64, totalTokens: 876 } }),
      ]),
    },
    model: 'anthropic.claude-x',
    tokens: { in: 812, out: 64 },
  },
  {
    name: 'frames of which one is broken',
    host: BEDROCK,
    path: '/model/anthropic.claude-x/invoke-with-response-stream',
    script: {
      contentType: 'application/vnd.amazon.eventstream',
      pieces: plainPieces([
        bedrockChunk({ usage: { input_tokens: 10, output_tokens: 1 } }),
        broken(bedrockChunk({ usage: { input_tokens: 10, output_tokens: 5 } })),
        bedrockChunk({ usage: { input_tokens: 10, output_tokens: 9 } }),
      ]),
    },
    model: 'anthropic.claude-x',
    tokens: { in: 10, out: 1 },
  },
  {
    name: 'lines of Ollama',
    host: OLLAMA,
    path: '/api/chat',
    script: {
      contentType: 'application/x-ndjson',
      pieces: plainPieces([
        '{"model":"qwen3:8b","message":{"content":"hel"},"done":false}\n',
        '{"model":"qwen3:8b","message":{"content":"lo"},"done":false}\n',
        '{"model":"qwen3:8b","done":true,"prompt_eval_count":26,"eval_count":290}\n',
      ]),
    },
    model: 'qwen3:8b',
    tokens: { in: 26, out: 290 },
  },
  {
    name: 'an array of Gemini',
    host: GEMINI,
    path: '/v1beta/models/gemini-x:streamGenerateContent',
    script: {
      contentType: 'application/json; charset=UTF-8',
      pieces: plainPieces([
        '[{"candidates":[{"content":{"parts":[{"text":"hel"}]}}],"modelVersion":"gemini-x-001"}\n',
        ',\r\n{"candidates":[],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5},"modelVersion":"gemini-x-001"}',
        '\n]\n',
      ]),
    },
    model: 'gemini-x-001',
    tokens: { in: 10, out: 5 },
  },
]

for (const version of ['h1', 'h2'] as const) {
  for (const action of ['log', 'redact'] as const) {
    t.test(`an origin of ${version}, tier of ${action}: no piece waits for the next one`, async (t) => {
      const { weir, origin, outcome } = await world(t, action, version)
      for (const client of ['h1', 'h2'] as const) {
        for (const coding of CODINGS) {
          const script = await sseScript(coding)
          const request = {
            host: AZURE,
            path: '/openai/deployments/d/chat/completions',
            body: '{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hi"}]}',
          }
          const received = await receiveStepwise(t, { weir, origin, client, script, ...request })
          const what = `events in ${coding} to ${client}`
          t.equal(received.plain.toString(), SSE.join(''), what)
          // Where values may have to be put back, a coding is undone and done anew.
          if (action === 'log' || coding === 'identity') t.ok(received.bytes.equals(bytesOf(script)), what)
          t.match(await outcome(), { model: 'gpt-x', tokens: { in: 812, out: 64 }, complete: true, error: null }, what)
        }
        // A whole JSON body may be held where values may have to be put back, and an array looks like one.
        const streams = action === 'log' ? STREAMS : STREAMS.filter(({ host }) => host !== GEMINI)
        for (const { name, host, path, script, model, tokens } of streams) {
          const body = '{"messages":[],"stream":true}'
          const received = await receiveStepwise(t, { weir, origin, client, script, host, path, body })
          t.ok(received.bytes.equals(bytesOf(script)), name)
          t.match(await outcome(), { model, tokens, complete: true, error: null }, `${name} to ${client}`)
        }
      }
    })
  }
}

t.test('of an answer that the client gives up, what it said until then is in the event', async (t) => {
  const { weir, origin, outcome } = await world(t, 'log', 'h1')
  for (const coding of CODINGS) {
    const events = [...SSE.slice(-2), ...SSE]
    const contentType = 'text/event-stream'
    const pieces = coding === 'identity' ? plainPieces(events) : await encodedPieces(events, coding)
    origin.play(coding === 'identity' ? { contentType, pieces } : { contentType, coding, pieces })
    const { session } = await http2Through(t, weir, AZURE)
    const stream = session.request({ ':method': 'POST', ':path': '/openai/deployments/d/chat/completions' })
    stream.on('error', () => undefined)
    let receivedBytes = 0
    stream.on('data', (chunk: Buffer) => {
      receivedBytes += chunk.length
      if (receivedBytes >= (pieces[0]?.bytes.length ?? 0)) stream.close(NGHTTP2_CANCEL)
    })
    stream.end('{}')
    const expected = { model: 'gpt-x', tokens: { in: 812, out: 64 }, complete: false, error: { code: 'client-gone' } }
    t.match(await outcome(), expected, coding)
  }
})

/** One wrong bit in the payload. */
function broken(frame: Buffer): Buffer {
  const copy = Buffer.from(frame)
  const at = copy.length - 6
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const bytesOf = ({ pieces }: Script): Buffer => Buffer.concat(pieces.map(({ bytes }) => bytes))
