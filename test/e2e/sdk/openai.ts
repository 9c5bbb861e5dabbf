/** A developer's script: one streamed chat with the OpenAI SDK. Prints the answer, or the error as the SDK words it. */
import OpenAI from 'openai'

const client = new OpenAI({ apiKey: 'sk-test-dummy' })
try {
  const stream = await client.chat.completions.create({
    model: 'gpt-x',
    stream: true,
    messages: [{ role: 'user', content: process.env['PROMPT'] ?? 'hi' }],
  })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  console.log(`ANSWER ${text}`)
} catch (error) {
  console.log(`ERROR ${(error as Error).message}`)
}
