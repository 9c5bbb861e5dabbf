/** The refusals, shown to the real SDKs by a server that answers with nothing else. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import t from 'tap'
import type { DialectId } from '../../src/domain/tool.ts'
import { answerWithNotice } from '../../src/notice/answer.ts'
import { renderNotice } from '../../src/notice/render.ts'
import { blockDecision, noticeInput } from './inputs.ts'

/** Serves the block answer of a dialect, calls `ask` with the server's address, and returns what the client threw. */
async function blocked(dialect: DialectId, language: 'en' | 'zh-CN', ask: (url: string) => Promise<unknown>) {
  const notice = renderNotice(
    noticeInput({
      settings: { language, fallback: language, askUrl: 'https://ask.acme.example/{event}', contact: null },
    }),
  )
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => {
      const answer = answerWithNotice(notice, blockDecision({ dialect }), {
        method: request.method ?? '',
        scheme: 'https',
        host: '127.0.0.1',
        port: 443,
        path: request.url?.split('?', 1)[0] ?? '',
        headers: request.rawHeaders,
        isUpgrade: false,
      })
      response.writeHead(answer.status, [...answer.headers]).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const error = await ask(`http://127.0.0.1:${String(port)}`).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return { message: error instanceof Error ? error.message : '', requests: requests.length, line: notice.line }
}

const messages = [{ role: 'user' as const, content: 'hi' }]

const anthropic = (baseURL: string) => new Anthropic({ baseURL, apiKey: 'none' })
const openai = (baseURL: string) => new OpenAI({ baseURL, apiKey: 'none' })
const genai = (baseUrl: string) => new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl } })

const message = { model: 'claude-x', max_tokens: 1, messages }

const CALLS: [name: string, dialect: DialectId, ask: (url: string) => Promise<unknown>][] = [
  ['@anthropic-ai/sdk', 'anthropic-messages', (url) => anthropic(url).messages.create(message)],
  [
    '@anthropic-ai/sdk, streaming',
    'anthropic-messages',
    (url) => anthropic(url).messages.stream(message).finalMessage(),
  ],
  ['openai, chat', 'openai-chat', (url) => openai(url).chat.completions.create({ model: 'gpt-x', messages })],
  [
    'openai, chat, streaming',
    'openai-chat',
    (url) => openai(url).chat.completions.create({ model: 'gpt-x', messages, stream: true }),
  ],
  ['openai, responses', 'openai-responses', (url) => openai(url).responses.create({ model: 'gpt-x', input: 'hi' })],
  ['openai, an endpoint of no known dialect', 'generic', (url) => openai(url).models.list()],
  ['@google/genai', 'gemini', (url) => genai(url).models.generateContent({ model: 'gemini-x', contents: 'hi' })],
  [
    '@google/genai, streaming',
    'gemini',
    (url) => genai(url).models.generateContentStream({ model: 'gemini-x', contents: 'hi' }),
  ],
]

for (const [name, dialect, ask] of CALLS) {
  t.test(`${name} throws an error that holds the notice, after one request`, async (t) => {
    for (const language of ['en', 'zh-CN'] as const) {
      const { message, requests, line } = await blocked(dialect, language, ask)
      t.match(message, line, language)
      t.equal(requests, 1, language)
    }
  })
}
