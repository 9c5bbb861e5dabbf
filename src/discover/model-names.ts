/** Names of models as requests carry them: families that many vendors and relays serve, told by how a name begins. */

/** A name may have a path of its vendor in front: `anthropic/claude-…`, `Qwen/Qwen3-…`, `@cf/meta/llama-…`, `models/gemini-…`. */
const FAMILIES: readonly string[] = [
  ...[
    'claude',
    'gpt',
    'chatgpt',
    'o1',
    'o3',
    'o4',
    'gemini',
    'gemma',
    'palm',
    'grok',
    'llama',
    'codellama',
    'codestral',
  ],
  ...['mistral', 'mixtral', 'ministral', 'magistral', 'pixtral', 'devstral', 'deepseek', 'qwen', 'qwq', 'qvq', 'glm'],
  ...[
    'chatglm',
    'codegeex',
    'kimi',
    'moonshot',
    'doubao',
    'ernie',
    'hunyuan',
    'baichuan',
    'yi',
    'minimax',
    'abab',
    'step',
  ],
  ...[
    'spark',
    'internlm',
    'minicpm',
    'sensechat',
    'skywork',
    'longcat',
    'pangu',
    'phi',
    'command',
    'c4ai',
    'jamba',
    'nova',
  ],
  ...[
    'titan',
    'nemotron',
    'falcon',
    'starcoder',
    'wizardlm',
    'vicuna',
    'hermes',
    'nous',
    'dolphin',
    'openchat',
    'solar',
  ],
  ...['granite', 'olmo', 'exaone', 'sonar', 'reka', 'dbrx', 'arctic', 'smollm', 'tinyllama', 'zephyr', 'orca', 'codex'],
  ...[
    'text-embedding',
    'text-davinci',
    'davinci',
    'bge',
    'nomic-embed',
    'mxbai-embed',
    'jina-embeddings',
    'voyage',
    'e5',
  ],
  ...['dall-e', 'flux', 'sdxl', 'stable-diffusion', 'seedream', 'imagen', 'whisper', 'tts-1', 'sora', 'veo', 'kling'],
  ...['cogview', 'cogvideox', 'suno', 'midjourney', 'rerank', 'jina', 'codegen', 'wanx', 'eleven', 'speech', 'chirp'],
  ...['embed-v', 'embed-english', 'embed-multilingual'],
]

/** A family, then its version, size or variant; a space is in no name. */
const NAME = new RegExp(
  `^(?:${FAMILIES.join('|')})(?:[-:._]?v?\\d|[-:._][a-z][\\w.:-]*-latest$|[-:._]latest$|[-:._][a-z][\\w.:-]*\\d)[\\w.:@-]*$`,
  'iu',
)

/** A vendor may stand in front: `Qwen/…`, `anthropic::2024-10-22::…`. */
function lastPart(text: string): string {
  const colons = text.lastIndexOf('::')
  return text.slice(Math.max(text.lastIndexOf('/') + 1, colons === -1 ? 0 : colons + 2))
}

/** `true`: a model of a well-known family, whoever serves it. */
export function isModelName(text: string): boolean {
  if (text.length === 0 || text.length > 120) return false
  const name = lastPart(text)
  return NAME.test(name) || PLAIN.has(name.toLowerCase())
}

/** Names without any digit that nothing else has. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['deepseek-chat', 'deepseek-reasoner', 'deepseek-coder', 'chatgpt', 'claude', 'gpt', 'gemini-pro', 'gemini-flash'],
  ...[
    'qwen-max',
    'qwen-plus',
    'qwen-turbo',
    'qwen-long',
    'qwen-coder-plus',
    'mistral-large-latest',
    'codestral-latest',
  ],
  ...['mistral-small-latest', 'mistral-medium-latest', 'kimi-latest', 'moonshot-v', 'sonar', 'sonar-pro', 'command-r'],
  ...['command-r-plus', 'hunyuan-turbo', 'hunyuan-pro', 'hunyuan-lite', 'ernie-bot', 'grok-beta', 'nomic-embed-text'],
  ...[
    'llama',
    'mistral',
    'mixtral',
    'codellama',
    'gpt-image',
    'midjourney',
    'chatglm',
    'chatglm-turbo',
    'mistral-embed',
  ],
  ...[
    'o1',
    'o3',
    'o1-mini',
    'o1-preview',
    'o1-pro',
    'o3-mini',
    'o3-pro',
    'o4-mini',
    'claude-instant',
    'gemini-pro-vision',
  ],
])

/** Families whose names are words that other things have too: a phone, a car, a step. */
const WORDS =
  /^(?:yi|step|spark|nova|titan|solar|falcon|orca|arctic|flux|veo|e5|palm|dolphin|hermes|nous|sonar|command|phi|sora|o\d|speech|eleven|chirp|granite|zephyr|reka|abab|rerank)(?![a-z])/iu

/** `true`: of those names, one that is nothing but a model. */
export const isSureModelName = (text: string): boolean => isModelName(text) && !WORDS.test(lastPart(text))
