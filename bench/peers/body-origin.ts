/**
 * An HTTPS origin for large bodies: reads the request to its end and answers a small chat completion, or one of so many
 * bytes as the header `x-answer-bytes` says, which repeats a placeholder of the request. Arguments: certificate, key, address.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [cert = '', key = '', address = ''] = process.argv.slice(2)

const completion = (content: string): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'qwen-plus',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  })

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const bytes = Number(request.headers['x-answer-bytes'] ?? 0)
  let placeholder = ''
  request.on('data', (chunk: Buffer) => {
    if (bytes > 0) placeholder ||= /WEIR[A-Z2-7]{12}/u.exec(chunk.toString('latin1'))?.[0] ?? ''
  })
  request.once('end', () => {
    const line = `The value is "${placeholder}", and what follows is as long as a line of an answer mostly is.\n`
    const body = completion(bytes === 0 ? 'Hello.' : line.repeat(Math.floor(bytes / (line.length + 3))))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
server.keepAliveTimeout = 600_000
server.requestTimeout = 0
server.listen(443, address, () => {
  process.stdout.write('port 443\n')
})
