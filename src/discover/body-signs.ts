/** What the keys of a JSON request body say of its dialect. Looks at an outline: never at texts, only at short words of the protocol. */
import type { Sign } from '../domain/sighting.ts'
import type { JsonKind, JsonOutline } from '../wire/json-outline.ts'
import { isModelName, isSureModelName } from './model-names.ts'
import { wordSigns } from './request-words.ts'
import { isRole, nestedSign, rpcSign } from './wrapped-signs.ts'

/** Signs of a body, strongest first; those that speak against AI have negative points. */
export function bodySigns(outline: JsonOutline): readonly Sign[] {
  const has = (path: string, ...kinds: readonly JsonKind[]): boolean => {
    const entry = outline.get(path)
    return entry !== undefined && (kinds.length === 0 || kinds.includes(entry.kind))
  }
  const text = (path: string): string | null => outline.get(path)?.text ?? null
  const keys: Keys = { outline, has, text }
  const other = otherProtocol(keys)
  if (other !== null) return [other]
  const main = mainSign(keys)
  return main === null
    ? [...loneSigns(keys), ...wordSigns(has)]
    : [main, ...commonSigns(keys, main), ...wordSigns((path) => !SETTINGS.includes(path) && has(path))]
}

interface Keys {
  readonly outline: JsonOutline
  readonly has: (path: string, ...kinds: readonly JsonKind[]) => boolean
  readonly text: (path: string) => string | null
}

/** Protocols that say themselves what they are: some carry AI, and the others share words with it. */
function otherProtocol({ outline, has, text }: Keys): Sign | null {
  if (text('jsonrpc') !== null) return rpcSign(outline) ?? { name: 'body:json-rpc', points: -60 }
  const isGraphql = has('query', 'string') && (has('variables') || has('operationName') || has('extensions'))
  if (isGraphql || has('extensions.persistedQuery')) {
    return nestedSign(outline, 'variables.') ?? { name: 'body:graphql', points: -60 }
  }
  return has('query', 'object') ? { name: 'body:search', points: -60 } : null
}

/** The one shape that a body has, if it has any; the most telling first. */
function mainSign(keys: Keys): Sign | null {
  return conversation(keys) ?? contents(keys) ?? prompt(keys) ?? input(keys)
}

function conversation({ has, text }: Keys): Sign | null {
  const speaker = text('input.messages[].type')
  if (speaker === 'human' || speaker === 'ai') return { name: 'body:input.messages', points: 60, dialect: 'generic' }
  if (text('anthropic_version') !== null && has('messages', 'array')) {
    return { name: 'body:anthropic_version', points: 60, dialect: 'anthropic-messages' }
  }
  if (has('conversationState.currentMessage')) return { name: 'body:conversationState', points: 60, dialect: 'generic' }
  if (has('messages[].author.role') && has('messages[].content.parts')) {
    return { name: 'body:author+parts', points: 45, dialect: 'generic' }
  }
  if (has('additional_messages[].role') && has('bot_id'))
    return { name: 'body:bot+messages', points: 60, dialect: 'generic' }
  if (has('input.messages[].role') && has('model', 'string'))
    return { name: 'body:input.messages', points: 45, dialect: 'generic' }
  if (has('chat_history', 'array') && has('message', 'string'))
    return { name: 'body:chat_history', points: 35, dialect: 'generic' }
  if (text('messages[].speaker') === 'human') return { name: 'body:speaker', points: 45, dialect: 'generic' }
  if (has('Model', 'string') && isRole(text('Messages[].Role')))
    return { name: 'body:Messages', points: 60, dialect: 'generic' }
  if (isRole(text('message.role')) && (has('message.blocks') || has('message.content') || has('message.parts')))
    return { name: 'body:message.role', points: 35, dialect: 'generic' }
  if (!has('messages', 'array') || !isRole(text('messages[].role'))) return null
  if (has('inferenceConfig') || has('additionalModelRequestFields')) {
    return { name: 'body:converse', points: 65, dialect: 'bedrock' }
  }
  const isText = has('messages[].content', 'string', 'array')
  if (!isText && !has('messages[].tool_calls') && !has('messages[].parts')) return null
  const isAnthropic =
    has('system', 'string', 'array') || has('thinking', 'object') || has('messages[].content[].cache_control')
  if (isAnthropic && has('max_tokens', 'number')) {
    return { name: 'body:messages+system', points: 50, dialect: 'anthropic-messages' }
  }
  return { name: 'body:messages', points: 40, dialect: 'openai-chat' }
}

function contents({ has, text }: Keys): Sign | null {
  if (has('request.contents[].parts'))
    return { name: 'body:request.contents', points: 60, dialect: 'gemini-code-assist' }
  const role = text('contents[].role')
  if (has('contents[].parts') && (role === null || isRole(role)))
    return { name: 'body:contents+parts', points: 60, dialect: 'gemini' }
  return null
}

function prompt({ has, text, outline }: Keys): Sign | null {
  for (const path of outline.keys()) {
    if (/^prompt\.[^.]+\.class_type$/u.test(path)) return { name: 'body:workflow', points: 60, dialect: 'generic' }
  }
  if (has('inputs', 'string', 'array') && (has('truncate', 'boolean') || has('normalize', 'boolean')))
    return { name: 'body:inputs', points: 40, dialect: 'generic' }
  if (has('inputs', 'string') && has('parameters.max_new_tokens')) {
    return { name: 'body:inputs+max_new_tokens', points: 60, dialect: 'generic' }
  }
  const mode = text('response_mode')
  if ((mode === 'streaming' || mode === 'blocking') && has('inputs', 'object')) {
    return { name: 'body:inputs+response_mode', points: 60, dialect: 'generic' }
  }
  if (has('segments.prefix', 'string') && has('segments.suffix', 'string')) {
    return { name: 'body:segments', points: 60, dialect: 'generic' }
  }
  if (!has('prompt', 'string', 'array')) return null
  if (has('suffix', 'string') && has('max_tokens', 'number'))
    return { name: 'body:prompt+suffix', points: 35, dialect: 'generic' }
  if (
    has('n_predict') ||
    has('max_new_tokens') ||
    has('num_predict') ||
    has('options.num_ctx') ||
    has('options.num_predict')
  ) {
    return { name: 'body:prompt+tokens', points: 60, dialect: 'generic' }
  }
  const isPicture = has('size', 'string') && (has('n', 'number') || has('quality', 'string'))
  return has('model', 'string') || has('max_tokens', 'number') || isPicture
    ? { name: 'body:prompt', points: 20, dialect: 'generic' }
    : null
}

function input({ has, text }: Keys): Sign | null {
  if (!has('model', 'string')) return null
  const role = text('input[].role')
  const isItems = role === null ? text('input[].type') === 'message' || has('input[].content', 'array') : isRole(role)
  if (isItems) return { name: 'body:input-items', points: 45, dialect: 'openai-responses' }
  if (has('previous_response_id') || (has('input', 'string') && has('instructions', 'string'))) {
    return { name: 'body:input+instructions', points: 40, dialect: 'openai-responses' }
  }
  if (has('input', 'string', 'array')) return { name: 'body:input', points: 20, dialect: 'generic' }
  return has('query', 'string') && has('documents', 'array')
    ? { name: 'body:rerank', points: 25, dialect: 'generic' }
    : null
}

/** Settings of models that other services do not have. */
const SETTINGS: readonly string[] = [
  ...['temperature', 'top_p', 'top_k', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'frequency_penalty'],
  ...['presence_penalty', 'repetition_penalty', 'stop_sequences', 'logit_bias', 'response_format', 'stream_options'],
  ...['reasoning_effort', 'reasoning', 'enable_thinking', 'tool_choice', 'parallel_tool_calls', 'generationConfig'],
  ...[
    'generation_config',
    'systemInstruction',
    'system_instruction',
    'safetySettings',
    'keep_alive',
    'encoding_format',
  ],
  ...[
    'num_ctx',
    'options.temperature',
    'parameters.temperature',
    'generationConfig.maxOutputTokens',
    'auto_save_history',
  ],
]

function commonSigns({ has, text }: Keys, main: Sign): Sign[] {
  const signs: Sign[] = []
  const isWeak = main.points < 40
  const model = text('model')
  if (model !== null && isModelName(model))
    signs.push({ name: 'body:model-name', points: isWeak ? (isSureModelName(model) ? 40 : 30) : 35 })
  else if (has('model', 'string')) signs.push({ name: 'body:model', points: isWeak ? 5 : 15 })
  const settings = SETTINGS.filter((path) => has(path)).length
  // One alone may be anybody's: things have a temperature too.
  if (settings > 0) signs.push({ name: 'body:settings', points: settings > 1 ? 25 : isWeak ? 5 : 15 })
  if (has('tools[].function') || has('tools[].input_schema') || has('tools[].functionDeclarations')) {
    signs.push({ name: 'body:tools', points: 30 })
  }
  if (has('stream', 'boolean')) signs.push({ name: 'body:stream', points: 10 })
  return signs
}

/** Where somebody's text stands. */
const CONTENTS = [
  ...['prompt', 'message', 'content', 'text', 'question', 'query', 'msg', 'userInput', 'messages', 'document'],
  ...['text_1', 'input.prompt'],
]

/** No shape that is known, but a model is named. */
function loneSigns({ has, text }: Keys): Sign[] {
  const model =
    text('model') ?? text('Model') ?? text('modelId') ?? text('model_id') ?? text('modelName') ?? text('model_name')
  if (model === null || !isModelName(model)) return []
  const isText = CONTENTS.some((path) => has(path, 'string', 'array', 'object'))
  return isText
    ? [{ name: 'body:model-name+text', points: isSureModelName(model) ? 50 : 40, dialect: 'generic' }]
    : [{ name: 'body:model-name', points: 15 }]
}
