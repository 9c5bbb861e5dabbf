/** Shapes of JSON bodies that are sent to models, the most telling first: a body has the first one that fits. */
import type { Sign } from '../domain/sighting.ts'
import type { JsonKind, JsonOutline } from '../wire/json-outline.ts'
import { isRole } from './wrapped-signs.ts'

/** An outline, as it is asked. */
export interface Keys {
  readonly outline: JsonOutline
  readonly has: (path: string, ...kinds: readonly JsonKind[]) => boolean
  readonly text: (path: string) => string | null
}

type Shape = readonly [
  name: string,
  points: number,
  dialect: NonNullable<Sign['dialect']>,
  fits: (keys: Keys) => boolean,
]

const hasRoles = ({ has, text }: Keys): boolean => has('messages', 'array') && isRole(text('messages[].role'))
/** Something is said, or was done by a tool. */
const isSaid = ({ has }: Keys): boolean =>
  has('messages[].content', 'string', 'array') || has('messages[].tool_calls') || has('messages[].parts')
const isAnthropic = ({ has }: Keys): boolean =>
  has('max_tokens', 'number') &&
  (has('system', 'string', 'array') || has('thinking', 'object') || has('messages[].content[].cache_control'))

const CONVERSATIONS: readonly Shape[] = [
  ['input.messages', 60, 'generic', ({ text }) => ['human', 'ai'].includes(text('input.messages[].type') ?? '')],
  [
    'anthropic_version',
    60,
    'anthropic-messages',
    ({ has, text }) => text('anthropic_version') !== null && has('messages', 'array'),
  ],
  ['conversationState', 60, 'generic', ({ has }) => has('conversationState.currentMessage')],
  ['author+parts', 45, 'generic', ({ has }) => has('messages[].author.role') && has('messages[].content.parts')],
  ['bot+messages', 60, 'generic', ({ has }) => has('additional_messages[].role') && has('bot_id')],
  ['input.messages', 45, 'generic', ({ has }) => has('input.messages[].role') && has('model', 'string')],
  ['chat_history', 35, 'generic', ({ has }) => has('chat_history', 'array') && has('message', 'string')],
  ['speaker', 45, 'generic', ({ text }) => text('messages[].speaker') === 'human'],
  ['Messages', 60, 'generic', ({ has, text }) => has('Model', 'string') && isRole(text('Messages[].Role'))],
  [
    'message.role',
    35,
    'generic',
    ({ has, text }) =>
      isRole(text('message.role')) && (has('message.blocks') || has('message.content') || has('message.parts')),
  ],
  [
    'converse',
    65,
    'bedrock',
    (keys) => hasRoles(keys) && (keys.has('inferenceConfig') || keys.has('additionalModelRequestFields')),
  ],
  ['messages+system', 50, 'anthropic-messages', (keys) => hasRoles(keys) && isSaid(keys) && isAnthropic(keys)],
  ['messages', 40, 'openai-chat', (keys) => hasRoles(keys) && isSaid(keys)],
  ['request.contents', 60, 'gemini-code-assist', ({ has }) => has('request.contents[].parts')],
  [
    'contents+parts',
    60,
    'gemini',
    ({ has, text }) =>
      has('contents[].parts') && (!has('contents[].role', 'string') || isRole(text('contents[].role'))),
  ],
]

const hasPrompt = ({ has }: Keys): boolean => has('prompt', 'string', 'array')
/** How much may be generated, in words that only self-hosted models have. */
const LIMITS = ['n_predict', 'max_new_tokens', 'num_predict', 'options.num_ctx', 'options.num_predict']

const PROMPTS: readonly Shape[] = [
  [
    'workflow',
    60,
    'generic',
    ({ outline }) => [...outline.keys()].some((path) => /^prompt\.[^.]+\.class_type$/u.test(path)),
  ],
  [
    'inputs',
    40,
    'generic',
    ({ has }) => has('inputs', 'string', 'array') && (has('truncate', 'boolean') || has('normalize', 'boolean')),
  ],
  ['inputs+max_new_tokens', 60, 'generic', ({ has }) => has('inputs', 'string') && has('parameters.max_new_tokens')],
  [
    'inputs+response_mode',
    60,
    'generic',
    ({ has, text }) => has('inputs', 'object') && ['streaming', 'blocking'].includes(text('response_mode') ?? ''),
  ],
  ['segments', 60, 'generic', ({ has }) => has('segments.prefix', 'string') && has('segments.suffix', 'string')],
  [
    'prompt+suffix',
    35,
    'generic',
    (keys) => hasPrompt(keys) && keys.has('suffix', 'string') && keys.has('max_tokens', 'number'),
  ],
  ['prompt+tokens', 60, 'generic', (keys) => hasPrompt(keys) && LIMITS.some((path) => keys.has(path))],
  [
    'prompt',
    20,
    'generic',
    (keys) => hasPrompt(keys) && (keys.has('model', 'string') || keys.has('max_tokens', 'number') || isPicture(keys)),
  ],
]

const isPicture = ({ has }: Keys): boolean => has('size', 'string') && (has('n', 'number') || has('quality', 'string'))

const hasModel = ({ has }: Keys): boolean => has('model', 'string')

const INPUTS: readonly Shape[] = [
  ['input-items', 45, 'openai-responses', (keys) => hasModel(keys) && isItems(keys)],
  [
    'input+instructions',
    40,
    'openai-responses',
    (keys) =>
      hasModel(keys) &&
      (keys.has('previous_response_id') || (keys.has('input', 'string') && keys.has('instructions', 'string'))),
  ],
  ['input', 20, 'generic', (keys) => hasModel(keys) && keys.has('input', 'string', 'array')],
  ['rerank', 25, 'generic', (keys) => hasModel(keys) && keys.has('query', 'string') && keys.has('documents', 'array')],
]

function isItems({ has, text }: Keys): boolean {
  const role = text('input[].role')
  if (role !== null) return isRole(role)
  return text('input[].type') === 'message' || has('input[].content', 'array')
}

const SHAPES = [...CONVERSATIONS, ...PROMPTS, ...INPUTS]

/** The one shape that a body has; `null`: none of these. */
export function shapeSign(keys: Keys): Sign | null {
  const shape = SHAPES.find(([, , , fits]) => fits(keys))
  if (shape === undefined) return null
  const [name, points, dialect] = shape
  return { name: `body:${name}`, points, dialect }
}
