/** An HTTPS origin whose answers are event streams: the head at once, the first event 5 ms later, two more, the end. Arguments: certificate, key, address. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [cert = '', key = '', address = ''] = process.argv.slice(2)
const event = (text: string): string => `data: {"choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    setTimeout(() => {
      response.write(event('one'))
      response.write(event('two'))
      response.end('data: [DONE]\n\n')
    }, 5)
  })
})
server.keepAliveTimeout = 600_000
server.listen(443, address, () => {
  process.stdout.write('port 443\n')
})
