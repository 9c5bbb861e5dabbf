/** Closing behind a client that still sends: at once would reset the connection, and the answer with it (RFC 9112 section 9.6). */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long the rest of an upload is read and dropped after its answer. */
const LINGER_MS = 2000

/** Call once per request: when the answer is out before the request is whole, the rest is dropped and the end is gentle. */
export function lingerAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  // Before Node's own listener, which closes the connection with bytes unread.
  response.prependOnceListener('finish', () => {
    if (!request.complete) linger(request)
  })
}

function linger(request: IncomingMessage): void {
  const { socket } = request
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  // A last response makes Node call this: say that nothing more comes, and go on reading.
  socket.destroySoon = () => socket.end()
  socket.once('close', () => clearTimeout(timer))
  request.once('end', () => {
    clearTimeout(timer)
    Reflect.deleteProperty(socket, 'destroySoon')
    if (socket.writableEnded) socket.destroy()
  })
  request.removeAllListeners('data')
  request.resume()
}
