/** What the keys of a JSON request body say of its dialect. Looks at an outline: never at texts, only at short words of the protocol. */
import type { Sign } from '../domain/sighting.ts'
import type { JsonKind, JsonOutline } from '../wire/json-outline.ts'
import { type Keys, shapeSign } from './body-shapes.ts'
import { isModelName, isSureModelName } from './model-names.ts'
import { wordSigns } from './request-words.ts'
import { nestedSign, rpcSign } from './wrapped-signs.ts'

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
  const main = shapeSign(keys)
  return main === null
    ? [...loneSigns(keys), ...wordSigns(has)]
    : [main, ...commonSigns(keys, main), ...wordSigns((path) => !SETTINGS.includes(path) && has(path))]
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
