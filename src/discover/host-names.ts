/**
 * What the name of a host says, where nothing of its traffic is read. A name alone is never proof: its score stays below
 * what a read request can reach, and somebody looks at the list before anything is done.
 */
import ipaddr from 'ipaddr.js'
import { isIpLiteral } from '../domain/destination.ts'
import type { Sign } from '../domain/sighting.ts'

/** More than this no name is worth. */
export const MAX_NAME_SCORE = 75

/** Words that nobody but AI has; they count wherever they stand in a label. */
const ANYWHERE: readonly string[] = [
  ...[
    'chatgpt',
    'openai',
    'anthropic',
    'deepseek',
    'claudecode',
    'claude-code',
    'claudeapi',
    'claude-api',
    'midjourney',
  ],
  ...['openrouter', 'ollama', 'litellm', 'openwebui', 'open-webui', 'librechat'],
  ...['lobechat', 'lobehub', 'fastgpt', 'chatnio', 'geminicli', 'gptapi', 'gpt-api', 'gptproxy', 'aiproxy'],
  ...['ai-proxy', 'aigateway', 'ai-gateway', 'llmgateway', 'llm-gateway', 'llmproxy', 'llm-proxy', 'vllm', 'codexapi'],
  ...['chatglm', 'aihubmix', 'sillytavern', 'cliproxyapi', 'claude-relay', 'xinference', 'anythingllm'],
]

/** Words that count as a whole piece of a name, between dots, hyphens and digits. */
const PIECES: ReadonlyMap<string, number> = new Map([
  ...[
    'gpt',
    'llm',
    'llms',
    'claude',
    'qwen',
    'genai',
    'aigc',
    'codex',
    'dify',
    'langchain',
    'huggingface',
    'copilot',
  ].map((word) => [word, 35] as const),
  ...[
    'gemini',
    'grok',
    'kimi',
    'llama',
    'mistral',
    'coze',
    'glm',
    'inference',
    'aiapi',
    'apiai',
    'oneapi',
    'newapi',
  ].map((word) => [word, 25] as const),
  ...['ai', 'chatbot', 'prompt', 'agent', 'agents', 'mcp'].map((word) => [word, 15] as const),
])

/** Pieces that say what it is for; they count only beside another sign. */
const ROLES: ReadonlySet<string> = new Set([
  'api',
  'apis',
  'relay',
  'proxy',
  'gateway',
  'router',
  'hub',
  'mirror',
  'gw',
  'v1',
])

/**
 * Published ranges. Anthropic's own, as "IP addresses" of its API documentation has them (platform.claude.com/docs/en/api/
 * ip-addresses, quoted in github anthropics/claude-plugins-official, build-mcp-app/references/abuse-protection.md,
 * seen 2026-11-23). Other vendors share theirs with clouds and CDNs, where an address tells nothing.
 */
const RANGES = ['160.79.104.0/21', '2607:6bc0::/48'].map((range) => ipaddr.parseCIDR(range))

/** Signs of a canonical host; none for ordinary names. */
export function nameSigns(host: string): readonly Sign[] {
  if (isIpLiteral(host)) return inPublishedRange(host) ? [{ name: 'address:published', points: 70 }] : []
  const signs: Sign[] = []
  const strong = ANYWHERE.find((word) => host.includes(word))
  if (strong !== undefined) signs.push({ name: `name:${strong}`, points: 55 })
  const labels = host.split('.')
  const pieces = labels.slice(0, -1).flatMap((label) => label.split(/[-_\d]+/u))
  let best: readonly [string, number] | null = null
  for (const piece of pieces) {
    const points = PIECES.get(piece)
    if (points === undefined || strong?.includes(piece) === true) continue
    if (best === null || points > best[1]) best = [piece, points]
  }
  if (best !== null) signs.push({ name: `name:${best[0]}`, points: best[1] })
  if (signs.length === 0) return signs
  if (labels.at(-1) === 'ai') signs.push({ name: 'name:.ai', points: 10 })
  if (pieces.some((piece) => ROLES.has(piece)) || labels.includes('v1')) signs.push({ name: 'name:api', points: 15 })
  return signs
}

function inPublishedRange(host: string): boolean {
  const address = ipaddr.parse(host)
  return RANGES.some((range) => address.kind() === range[0].kind() && address.match(range))
}
