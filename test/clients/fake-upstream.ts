/** All providers in one server on loopback: answers inference with one text, side calls plausibly, and records what came. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { WebSocketServer } from 'ws'
import { type Origin, startHttpsOrigin } from '../helpers/origin.ts'
import type { TestPki } from '../helpers/pki.ts'
import type { Scope } from '../helpers/scope.ts'
import { type Conversation, codeEvents, nextCode } from './codex-loop.ts'
import {
  answerTo,
  anthropicMessage,
  anthropicStream,
  anthropicToolCall,
  chatCompletion,
  chatStream,
  geminiContent,
  geminiStream,
  namedEvents,
  nextToolCall,
  responseEvents,
} from './provider-answers.ts'

/** One request, upgrade or WebSocket message as the provider got it. */
export interface Received {
  readonly kind: 'request' | 'upgrade' | 'message'
  readonly method: string
  readonly host: string
  /** Without query. */
  readonly path: string
  readonly coding: string
  /** Length on the wire. */
  readonly bytes: number
  /** Decoded. */
  readonly body: string
}

export interface FakeUpstream {
  readonly address: string
  readonly received: readonly Received[]
}

export interface FakeUpstreamOptions {
  /** `false`: upgrades are answered 426, as by a provider or region without WebSockets. */
  readonly hasWebSockets: boolean
}

export async function startFakeUpstream(
  scope: Scope,
  pki: TestPki,
  options: FakeUpstreamOptions,
): Promise<FakeUpstream> {
  const received: Received[] = []
  const origin = await startHttpsOrigin(scope, pki, (request, response) => {
    readWhole(request).then(
      (raw) => {
        const seen = asReceived('request', request, raw)
        received.push(seen)
        answer(response, seen)
      },
      () => response.destroy(),
    )
  })
  acceptUpgrades(origin, received, options)
  return { address: origin.address, received }
}

async function readWhole(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function asReceived(kind: Received['kind'], request: IncomingMessage, raw: Buffer): Received {
  const coding = request.headers['content-encoding'] ?? 'identity'
  return {
    kind,
    method: request.method ?? '',
    host: (request.headers.host ?? '').replace(/:\d+$/u, ''),
    path: (request.url ?? '').replace(/\?.*$/u, ''),
    coding,
    bytes: raw.length,
    body: kind === 'request' ? decode(raw, coding).toString('utf8') : raw.toString('utf8'),
  }
}

function decode(raw: Buffer, coding: string): Buffer {
  switch (coding) {
    case 'identity':
      return raw
    case 'gzip':
      return gunzipSync(raw)
    case 'deflate':
      return inflateSync(raw)
    case 'br':
      return brotliDecompressSync(raw)
    case 'zstd':
      return zstdDecompressSync(raw)
    default:
      throw new Error(`a client uses the content coding ${coding}, which this server does not know`)
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_weirtest' })
  response.end(JSON.stringify(value))
}

function stream(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  // In two writes, cut in the middle of an event.
  response.write(body.slice(0, 301))
  setImmediate(() => response.end(body.slice(301)))
}

interface Asked {
  readonly model: string
  readonly isStream: boolean
}

function asked(body: string): Asked {
  try {
    const value = JSON.parse(body) as { model?: unknown; stream?: unknown }
    return { model: typeof value.model === 'string' ? value.model : 'unknown', isStream: value.stream === true }
  } catch {
    return { model: 'unknown', isStream: false }
  }
}

type Answerer = (response: ServerResponse, seen: Received) => void

/** First match wins: host, method and path. */
const ROUTES: readonly (readonly [string, string, RegExp, Answerer])[] = [
  [
    'api.anthropic.com',
    'POST',
    /^\/v1\/messages$/u,
    (response, { body }) => {
      const { model, isStream } = asked(body)
      const call = isStream && body.includes('"name":"Write"') ? nextToolCall(body) : null
      if (call !== null) stream(response, anthropicToolCall(model, call))
      else if (isStream) stream(response, anthropicStream(model, answerTo(body)))
      else json(response, 200, anthropicMessage(model, answerTo(body)))
    },
  ],
  [
    'api.anthropic.com',
    'POST',
    /^\/v1\/messages\/count_tokens$/u,
    (response) => json(response, 200, { input_tokens: 17 }),
  ],
  ['api.anthropic.com', 'GET', /^\/api\/oauth\/profile$/u, (response) => json(response, 200, OAUTH_PROFILE)],
  ['platform.claude.com', 'POST', /^\/v1\/oauth\/token$/u, (response) => json(response, 200, OAUTH_TOKEN)],
  [
    'dashscope.aliyuncs.com',
    'POST',
    /\/chat\/completions$/u,
    (response, { body }) => {
      const { model, isStream } = asked(body)
      if (isStream) stream(response, chatStream(model, answerTo(body)))
      else json(response, 200, chatCompletion(model, answerTo(body)))
    },
  ],
  [
    'generativelanguage.googleapis.com',
    'POST',
    /:streamGenerateContent$/u,
    (response, { path, body }) => stream(response, geminiStream(modelOf(path), answerTo(body))),
  ],
  [
    'generativelanguage.googleapis.com',
    'POST',
    /:generateContent$/u,
    (response, { path, body }) => json(response, 200, geminiContent(modelOf(path), answerTo(body))),
  ],
  [
    'generativelanguage.googleapis.com',
    'POST',
    /:countTokens$/u,
    (response) => json(response, 200, { totalTokens: 17 }),
  ],
  [
    'api.openai.com',
    'POST',
    /^\/v1\/responses$/u,
    (response, { body }) => stream(response, namedEvents(responsesTo(body, { text: body }))),
  ],
  [
    'chatgpt.com',
    'POST',
    /^\/backend-api\/codex\/responses$/u,
    (response, { body }) => stream(response, namedEvents(responsesTo(body, { text: body }))),
  ],
  ['chatgpt.com', 'GET', /^\/backend-api\/wham\/config\/bundle$/u, (response) => json(response, 200, {})],
  ['chatgpt.com', 'GET', /^\/backend-api\/wham\/accounts\/check$/u, (response) => json(response, 200, CHATGPT_ACCOUNT)],
]

/** The answer to a request of the responses API; `said`: all of its conversation. */
function responsesTo(body: string, said: Conversation): ReturnType<typeof responseEvents> {
  const { generate } = JSON.parse(body) as { generate?: unknown }
  const { model } = asked(body)
  const code = generate === false ? null : nextCode(said)
  if (code === null) return responseEvents(model, generate === false, answerTo(body))
  return codeEvents(model, code, said.text.match(/"type":"custom_tool_call_output"/gu)?.length ?? 0)
}

const modelOf = (path: string): string => /\/models\/([^:]+):/u.exec(path)?.[1] ?? 'unknown'

const ACCOUNT_ID = '00000000-0000-4000-8000-00000000aaaa'
/** The one that the dummy login of `clients.ts` names. */
const CHATGPT_ACCOUNT_ID = 'acc-dummy'

const OAUTH_TOKEN = {
  token_type: 'Bearer',
  access_token: 'sk-ant-oat01-refreshed-dummy',
  refresh_token: 'sk-ant-ort01-refreshed-dummy',
  expires_in: 28800,
  scope: 'user:inference user:profile',
  account: { uuid: ACCOUNT_ID, email_address: 'dev@acme.example' },
  organization: { uuid: ACCOUNT_ID, name: 'ACME' },
}

const OAUTH_PROFILE = {
  account: { uuid: ACCOUNT_ID, email: 'dev@acme.example', full_name: 'Dev', display_name: 'Dev', has_claude_max: true },
  organization: { uuid: ACCOUNT_ID, name: 'ACME', organization_type: 'claude_max', rate_limit_tier: 'default' },
}

const CHATGPT_ACCOUNT = {
  accounts: [
    {
      id: CHATGPT_ACCOUNT_ID,
      plan_type: 'business',
      structure: 'workspace',
      workspace_backend_origin: 'https://chatgpt.com',
      account_routing_override: 'NO_CONSTRAINT',
    },
  ],
}

/** Unknown calls get a 404 in a shape that the provider's own client can read. */
function answer(response: ServerResponse, seen: Received): void {
  for (const [host, method, path, reply] of ROUTES) {
    if (seen.host === host && seen.method === method && path.test(seen.path)) {
      reply(response, seen)
      return
    }
  }
  if (seen.host.endsWith('anthropic.com')) {
    json(response, 404, { type: 'error', error: { type: 'not_found_error', message: 'Not found' } })
  } else json(response, 404, { error: { message: 'Not found', type: 'invalid_request_error', code: null } })
}

function acceptUpgrades(origin: Origin, received: Received[], { hasWebSockets }: FakeUpstreamOptions): void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true })
  const server = origin.server as Server
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    received.push(asReceived('upgrade', request, Buffer.alloc(0)))
    if (!hasWebSockets) {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const said: Conversation = { text: '' }
      webSocket.on('error', () => undefined)
      webSocket.on('message', (data: Buffer) => {
        const message = asReceived('message', request, data)
        received.push(message)
        said.text += message.body
        for (const event of responsesTo(message.body, said)) webSocket.send(JSON.stringify(event))
      })
    })
  })
}
