/** A developer's script: one streamed generation with the Google SDK. Prints the answer, or the error as the SDK words it. */
import { GoogleGenAI } from '@google/genai'

const client = new GoogleGenAI({ apiKey: 'test-dummy' })
try {
  const stream = await client.models.generateContentStream({
    model: 'gemini-x',
    contents: process.env['PROMPT'] ?? 'hi',
  })
  let text = ''
  for await (const chunk of stream) text += chunk.text ?? ''
  console.log(`ANSWER ${text}`)
} catch (error) {
  console.log(`ERROR ${(error as Error).message}`)
}
