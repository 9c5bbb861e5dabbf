/** Writes the answers that Weir makes itself. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { LocalAnswer } from '../domain/notice.ts'

/** A request body with no more than this to come is read and dropped; behind a longer one the connection is closed. */
const DRAIN_BYTES = 65_536

/**
 * Answer on a response object. What is left of the request is dropped (`linger.ts`), and the connection closed when that
 * is long, or when the client waits for a word (`Expect`) and may never send it. Returns the bytes of body written.
 */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: LocalAnswer): number {
  if (response.headersSent || response.destroyed) {
    cutResponse(response)
    return 0
  }
  if (!request.complete && !isShortRest(request)) response.shouldKeepAlive = false
  response.sendDate = false
  // Said anew: an upstream's reason phrase may stand there from an attempt that failed.
  response.writeHead(answer.status, STATUS_CODES[answer.status] ?? '', [...answer.headers])
  const hasBody = request.method !== 'HEAD'
  response.end(hasBody ? answer.body : undefined)
  return hasBody ? answer.body.length : 0
}

function isShortRest({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return false
  return Number(headers['content-length'] ?? 0) <= DRAIN_BYTES
}

/** End a response that has begun so that the client sees a cut, never a clean end. */
export function cutResponse(response: ServerResponse): void {
  const { socket } = response
  // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body, and only a reset says otherwise.
  const isEndMeant = response.req.httpVersion === '1.0' && response.headersSent
  if (isEndMeant && socket !== null && !(socket instanceof TLSSocket)) socket.resetAndDestroy()
  else response.destroy()
}

/** Answer on a bare socket (CONNECT, upgrades, malformed requests) and close it. */
export function sendRawAnswer(socket: Duplex, answer: LocalAnswer): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  socket.write(rawHead(answer, 'close'))
  socket.end(answer.body)
  socket.once('finish', () => setTimeout(() => socket.destroy(), 1000).unref())
  socket.resume()
}

/** Answer on a bare socket that goes on with another request; `false`: it is over, nothing was written. */
export function sendRawAnswerBetween(socket: Duplex, answer: LocalAnswer): boolean {
  if (socket.destroyed || !socket.writable) {
    socket.destroy()
    return false
  }
  socket.write(rawHead(answer, 'keep-alive'))
  socket.write(answer.body)
  return true
}

function rawHead(answer: LocalAnswer, connection: 'close' | 'keep-alive'): string {
  let head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    if (answer.headers[index]?.toLowerCase() === 'connection') continue
    head += `${answer.headers[index] ?? ''}: ${answer.headers[index + 1] ?? ''}\r\n`
  }
  return `${head}connection: ${connection}\r\n\r\n`
}
