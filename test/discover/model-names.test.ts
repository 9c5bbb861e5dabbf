import t from 'tap'
import { isModelName } from '../../src/discover/model-names.ts'

t.test('models of the well-known families are known, whoever serves them', async (t) => {
  for (const name of [
    ...[
      'claude-sonnet-4-5-20250929',
      'claude-3-5-haiku-latest',
      'gpt-4o',
      'gpt-5.1-codex',
      'o4-mini',
      'gemini-2.5-pro',
    ],
    ...[
      'anthropic/claude-opus-4',
      'Qwen/Qwen2.5-Coder-32B-Instruct',
      '@cf/meta/llama-3.1-8b-instruct',
      'qwen3-coder-plus',
    ],
    ...[
      'deepseek-chat',
      'deepseek-v3.1',
      'glm-4.6',
      'kimi-k2-0905-preview',
      'doubao-1-5-pro-32k',
      'llama3.2:3b',
      'phi-4',
    ],
    ...[
      'text-embedding-3-small',
      'bge-m3',
      'mistral-large-latest',
      'grok-4',
      'ernie-4.5-turbo-128k',
      'dall-e-3',
      'whisper-1',
    ],
  ])
    t.ok(isModelName(name), name)
})

t.test('what things and people are called is no name of a model', async (t) => {
  for (const name of [
    ...['', 'X1', 'default', 'TV-55', 'Nova 5T', 'Titan', 'Spark', 'Claudette-1', 'Geminis 3', 'likert', 'arm', 'user'],
    ...['iPhone15,2', 'SM-G991B', 'ThinkPad T14', 'Yi', 'command', 'solar panel 4', 'step', 'gpt partition 1'],
  ])
    t.notOk(isModelName(name), name)
  t.notOk(isModelName(`gpt-4${'x'.repeat(200)}`), 'too long')
})
