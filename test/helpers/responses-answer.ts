/** A whole answer of OpenAI's responses API that says `content`, under the id `resp_1`. */
export const responsesAnswer = (content: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      id: 'resp_1',
      object: 'response',
      output: [{ type: 'message', content: [{ type: 'output_text', text: content }] }],
    }),
  )
