/** A developer's script: one message with the Anthropic SDK. Prints the answer, or the error as the SDK words it. */
import Anthropic from '@anthropic-ai/sdk'

const client = new Anthropic({ apiKey: 'sk-test-dummy' })
try {
  const stream = client.messages.stream({
    model: 'claude-x',
    max_tokens: 64,
    messages: [{ role: 'user', content: process.env['PROMPT'] ?? 'hi' }],
  })
  console.log(`ANSWER ${await stream.finalText()}`)
} catch (error) {
  console.log(`ERROR ${(error as Error).message}`)
}
