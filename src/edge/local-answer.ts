/** Writes the answers that Weir makes itself. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { LocalAnswer } from '../domain/notice.ts'

/** How much of an unread request body is read and dropped, so that the client sees the answer before a reset. */
const DRAIN_BYTES = 65_536

/** Answer on a response object; the rest of a small request body is drained, of a large one the connection closed. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: LocalAnswer): number {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return 0
  }
  const declared = Number(request.headers['content-length'] ?? 0)
  const isLong = declared > DRAIN_BYTES || request.headers['transfer-encoding'] !== undefined
  const mustClose = isLong && !request.complete
  response.sendDate = false
  if (mustClose) response.shouldKeepAlive = false
  response.writeHead(answer.status, [...answer.headers])
  const hasBody = request.method !== 'HEAD'
  response.end(hasBody ? answer.body : undefined)
  drain(request, response, mustClose)
  return hasBody ? answer.body.length : 0
}

/** Read and drop what is left of the request; past the limit the connection is closed. */
function drain(request: IncomingMessage, response: ServerResponse, mustClose: boolean): void {
  if (request.complete) return
  let dropped = 0
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length
    if (dropped > DRAIN_BYTES && mustClose) {
      request.removeAllListeners('data')
      response.once('finish', () => request.socket.destroySoon())
      if (response.writableFinished) request.socket.destroySoon()
    }
  })
  request.on('error', () => request.socket.destroy())
  request.resume()
}

/** Answer on a bare socket (CONNECT, upgrades, malformed requests) and close it. */
export function sendRawAnswer(socket: Duplex, answer: LocalAnswer): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    if (answer.headers[index]?.toLowerCase() === 'connection') continue
    head += `${answer.headers[index] ?? ''}: ${answer.headers[index + 1] ?? ''}\r\n`
  }
  socket.write(`${head}connection: close\r\n\r\n`)
  socket.end(answer.body)
  socket.once('finish', () => setTimeout(() => socket.destroy(), 1000).unref())
  socket.resume()
}
