/**
 * Words of request bodies that hardly anybody but AI has, whatever shape stands around them: settings of models and samplers,
 * and what chat pages, agents and voices are asked with. Keys only, never values.
 */
import type { Sign } from '../domain/sighting.ts'

/** Points of a path of the outline. Two different ones are evidence; one alone is not. */
const WORDS: readonly (readonly [points: number, paths: readonly string[]])[] = [
  [
    40,
    [
      ...['negative_prompt', 'cfg_scale', 'maxTokensToSample', 'chat_template_kwargs', 'enable_thinking'],
      ...['thinking_enabled', 'reasoning_effort', 'embedding_types', 'promptPrefix', 'overrideConfig'],
      ...['params.model_preference', 'options.thinking', 'thinking.type', 'voice_settings', 'voice_setting'],
      ...['max_new_tokens', 'parameters.max_new_tokens', 'rep_pen', 'repetition_penalty', 'thinking_budget'],
    ],
  ],
  [
    35,
    [
      ...['chatInput', 'input_value', 'text_input', 'sampler_name', 'num_inference_steps', 'guidance_scale'],
      ...['max_context_length', 'systemMessage', 'system_prompt', 'systemPrompt', 'inputText', 'is_continue'],
    ],
  ],
  // What searches and their like may have too: two of them, and a question, are not enough.
  [
    20,
    [
      ...['input.prompt', 'completion_option', 'search_focus', 'params.search_focus', 'query_str', 'ref_file_ids'],
      ...['search_enabled', 'enableImageGeneration', 'web_search', 'webSearch', 'is_retry', 'tweaks', 'top_k', 'topK'],
      ...['similarity_boost', 'aspect_ratio', 'input.aspect_ratio', 'knowledge_base_ids', 'dataset_ids', 'kb_ids'],
      ...['return_full_text', 'parameters.return_full_text', 'parameters.max_tokens', 'max_tokens', 'maxTokens'],
    ],
  ],
]

/** A text of somebody, and something that says that it belongs to a conversation: people's chats have both too. */
const ASKS = ['prompt', 'question', 'query', 'message', 'text', 'chatInput', 'input_value', 'inputs', 'q'] as const
const TALKS = [
  ...['conversation_id', 'conversationId', 'chat_session_id', 'sessionId', 'session_id', 'chatId', 'chat_id'],
  ...['parent_message_id', 'parentMessageId', 'parent_message_uuid', 'options.parentMessageId', 'threadId', 'history'],
]

/** The two words that say most, and whether somebody asks something in a conversation. */
export function wordSigns(has: (path: string) => boolean): readonly Sign[] {
  const signs: Sign[] = []
  for (const [points, paths] of WORDS) {
    for (const path of paths) {
      if (signs.length < 2 && has(path)) signs.push({ name: `body:${path}`, points, dialect: 'generic' })
    }
  }
  const [only] = signs
  // What is alone may be anybody's.
  if (only !== undefined && signs.length === 1) signs[0] = { ...only, points: Math.min(only.points, 35) }
  if (ASKS.some((path) => has(path)) && TALKS.some((path) => has(path))) signs.push({ name: 'body:ask', points: 15 })
  return signs
}
