/** Streamed answers reach the client piece by piece, byte for byte, and their usage stands in the event. */
import t, { type Test } from 'tap'
import { decodeBody } from '../../src/wire/content-coding.ts'
import {
  type BarrierOrigin,
  type Coding,
  encodedPieces,
  receiveStepwise,
  type Script,
  startBarrierOrigin,
  type Version,
} from '../helpers/barrier.ts'
import { bedrockChunk, bedrockEvent } from '../helpers/event-stream.ts'
import { makePki } from '../helpers/pki.ts'
import { flowEvents, startWeir, type TestWeir } from '../helpers/weir.ts'

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
  if (coding === 'identity') return { contentType, pieces: SSE.map((event) => Buffer.from(event)) }
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
      pieces: [
        bedrockChunk({ type: 'message_start', message: { model: 'claude-x', usage: { input_tokens: 10 } } }),
        bedrockChunk({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'hello' } }),
        bedrockChunk({ type: 'message_delta', usage: { output_tokens: 64 } }),
        bedrockChunk({ type: 'message_stop', 'amazon-bedrock-invocationMetrics': { outputTokenCount: 64 } }),
      ],
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
      pieces: [
        bedrockEvent('messageStart', { role: 'assistant' }),
        bedrockEvent('contentBlockDelta', { delta: { text: 'hello' } }),
        bedrockEvent('metadata', { usage: { inputTokens: 812, outputTokens: 64, totalTokens: 876 } }),
      ],
    },
    model: 'anthropic.claude-x',
    tokens: { in: 812, out: 64 },
  },
  {
    name: 'lines of Ollama',
    host: OLLAMA,
    path: '/api/chat',
    script: {
      contentType: 'application/x-ndjson',
      pieces: [
        '{"model":"qwen3:8b","message":{"content":"hel"},"done":false}\n',
        '{"model":"qwen3:8b","message":{"content":"lo"},"done":false}\n',
        '{"model":"qwen3:8b","done":true,"prompt_eval_count":26,"eval_count":290}\n',
      ].map((line) => Buffer.from(line)),
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
      pieces: [
        '[{"candidates":[{"content":{"parts":[{"text":"hel"}]}}],"modelVersion":"gemini-x-001"}\n',
        ',\r\n{"candidates":[],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5},"modelVersion":"gemini-x-001"}',
        '\n]\n',
      ].map((part) => Buffer.from(part)),
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
          t.ok(received.equals(Buffer.concat(script.pieces)), what)
          const decoded = coding === 'identity' ? received : undone(received, coding)
          t.equal(decoded.toString(), SSE.join(''), what)
          t.match(await outcome(), { model: 'gpt-x', tokens: { in: 812, out: 64 }, complete: true, error: null }, what)
        }
        for (const { name, host, path, script, model, tokens } of STREAMS) {
          const body = '{"messages":[],"stream":true}'
          const received = await receiveStepwise(t, { weir, origin, client, script, host, path, body })
          t.ok(received.equals(Buffer.concat(script.pieces)), name)
          t.match(await outcome(), { model, tokens, complete: true, error: null }, `${name} to ${client}`)
        }
      }
    })
  }
}

function undone(bytes: Buffer, coding: Coding): Buffer {
  const decoded = decodeBody(bytes, [coding], { maxBytes: 1_000_000, maxRatio: 1000 })
  return decoded.ok ? Buffer.from(decoded.body) : Buffer.alloc(0)
}
