/** What the head of a request to a host outside the catalogue says: path, and headers that only AI clients send. */
import { recogniseDialect } from '../dialects/registry.ts'
import { headerValue } from '../domain/headers.ts'
import type { Sign } from '../domain/sighting.ts'
import type { RequestHead } from '../domain/tool.ts'
import { isSureModelName } from './model-names.ts'

/** Paths that mean a model wherever they stand, with what they are worth alone. Matched at the end, whatever stands before. */
const PATHS: readonly (readonly [pattern: RegExp, name: string, points: number])[] = [
  [/\/v\d+(?:beta\d*|alpha)?\/(?:messages|responses)$/u, 'messages-or-responses', 25],
  [/\/v\d+\/completions$/u, 'completions', 35],
  [/\/v\d+\/(?:embeddings|rerank|moderations)$/u, 'embeddings', 25],
  [/\/v\d+\/(?:images\/(?:generations|edits)|audio\/(?:speech|transcriptions|translations))$/u, 'media', 50],
  [/\/(?:images|videos|music|contents)\/generations(?:\/tasks)?$/u, 'media', 45],
  [/\/(?:txt2img|img2img|text2image|text2video|image-synthesis|text-to-speech|text-to-video)(?:\/|$)/u, 'media', 40],
  [/\/(?:mj\/submit|suno\/submit|kling\/v\d+|luma\/generations)(?:\/|$)/u, 'media-relay', 60],
  [/\/api\/(?:chat|generate|embed|embeddings)$/u, 'ollama', 25],
  [/\/(?:chat-messages|completion-messages)$/u, 'app-messages', 25],
  [/\/(?:generate|generate_stream|completion|completions|infill|predictions|inference)$/u, 'generate', 15],
  [/\/(?:raw|streamRaw)Predict$/u, 'vertex', 40],
  [/:(?:streamG|g)enerateContent$/u, 'gemini', 60],
  [
    /\/(?:conversation|chat|ask|prompt|copilot|assistant|agent|llm|ai|gpt)(?:\/(?:stream|completion|send|v\d+))?$/u,
    'chat',
    15,
  ],
  [/\/(?:openai|anthropic|claude|gemini|ollama|deepseek|chatgpt|llm)\//u, 'vendor', 20],
]

/** Client libraries of model APIs, as they name themselves. */
const LIBRARIES =
  /^(?:openai|anthropic|litellm|langchain|ollama|google-genai-sdk|mistral-client|cohere|groq|together|deepseek|dashscope|zhipuai|claude-cli|codex|geminicli|qwencode|opencode|cherrystudio|chatbox|lobechat|aider|continue|cline|roocode|kilo)[/_ -]|(?:^|\s)(?:asyncopenai|openai)\//iu

/** Headers that nobody else sends, with their points. */
const HEADERS: readonly (readonly [name: string, points: number])[] = [
  ['anthropic-version', 60],
  ['anthropic-beta', 60],
  ['x-goog-api-key', 15],
  ['x-goog-api-client', 5],
  ['openai-organization', 50],
  ['openai-project', 50],
  ['openai-beta', 50],
  ['chatgpt-account-id', 60],
  ['x-codex-turn-metadata', 60],
  ['x-claude-code-session-id', 60],
  ['x-litellm-api-key', 50],
  ['new-api-user', 40],
  ['x-dashscope-sse', 50],
  ['x-dashscope-async', 50],
  ['xi-api-key', 50],
  ['x-stainless-lang', 15],
]

/** Signs of a head. A dialect whose wire shape is decisive by itself is enough alone. */
export function headSigns(head: RequestHead): readonly Sign[] {
  if (!mayCarryText(head)) return []
  const dialect = recogniseDialect(head)
  const signs: Sign[] = dialect === null ? [] : [{ name: `dialect:${dialect}`, points: 85, dialect }]
  const path = head.path.length > 1 && head.path.endsWith('/') ? head.path.slice(0, -1) : head.path
  for (const [pattern, name, points] of PATHS) {
    if (!pattern.test(path)) continue
    signs.push({ name: `path:${name}`, points })
    break
  }
  for (const [name, points] of HEADERS) {
    if (headerValue(head.headers, name) !== null) signs.push({ name: `header:${name}`, points })
  }
  const agent = headerValue(head.headers, 'user-agent')
  if (agent !== null && LIBRARIES.test(agent.slice(0, 200))) signs.push({ name: 'header:user-agent', points: 30 })
  const key = keySign(head)
  if (key !== null) signs.push(key)
  if (/\/bedrock\/aws4_request/u.test(headerValue(head.headers, 'authorization')?.slice(0, 200) ?? '')) {
    signs.push({ name: 'header:sigv4-bedrock', points: 60, dialect: 'bedrock' })
  }
  if (namesModel(path)) signs.push({ name: 'path:model-name', points: 30 })
  return signs
}

const mayCarryText = ({ method, isUpgrade }: RequestHead): boolean =>
  isUpgrade || method === 'POST' || method === 'PUT' || method === 'PATCH'

/** A piece of the path is a model and nothing else. */
const namesModel = (path: string): boolean =>
  path
    .slice(0, 300)
    .split(/[/:]/u)
    .some((piece) => piece.includes('-') && isSureModelName(piece))

/** How keys of model APIs begin. The value itself goes nowhere. */
function keySign({ headers }: RequestHead): Sign | null {
  const bearer = /^bearer\s+(\S{1,16})/iu.exec(headerValue(headers, 'authorization')?.slice(0, 40) ?? '')?.[1]
  const key =
    bearer ?? headerValue(headers, 'x-api-key')?.slice(0, 16) ?? headerValue(headers, 'api-key')?.slice(0, 16) ?? ''
  if (/^(?:sk-ant-|sk-or-|sk-proj-)/u.test(key)) return { name: 'header:key', points: 50 }
  return /^(?:sk-|gsk_|xai-|fk-|r8_)/u.test(key) ? { name: 'header:key', points: 20 } : null
}
