/** A developer's agent: the OpenAI SDK runs tools that the model calls, streamed, until it answers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI from 'openai'

interface Arguments {
  readonly path: string
  readonly content?: string
}

const client = new OpenAI({ apiKey: 'sk-test-dummy' })
const folder = process.env['HOME'] ?? '.'
const parameters = {
  type: 'object',
  properties: { path: { type: 'string' }, content: { type: 'string' } },
  required: ['path'],
}
const parse = (text: string): Arguments => JSON.parse(text) as Arguments
const runner = client.chat.completions.runTools({
  model: 'gpt-x',
  stream: true,
  messages: [{ role: 'user', content: process.env['PROMPT'] ?? 'hi' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'write',
        description: 'Writes a file',
        parameters,
        parse,
        function: ({ path, content = '' }: Arguments) => {
          writeFileSync(join(folder, path), content)
          return 'written'
        },
      },
    },
    {
      type: 'function',
      function: {
        name: 'read',
        description: 'Reads a file',
        parameters,
        parse,
        function: ({ path }: Arguments) => readFileSync(join(folder, path), 'utf8'),
      },
    },
  ],
})
console.log(`ANSWER ${await runner.finalContent()}`)
