/** The idle limit of a request's body over HTTP/1. */
import type { IncomingMessage } from 'node:http'

/**
 * A client that stops sending its body for `idleMs` is given up. While nobody takes the body the client is not to blame:
 * the upstream is being reached or takes nothing, and that has limits of its own.
 */
export function watchUpload(request: IncomingMessage, idleMs: number): void {
  if (request.complete) return
  request.setTimeout(idleMs)
  request.on('timeout', () => {
    if (request.readableFlowing === true) request.destroy()
    else request.setTimeout(idleMs)
  })
  request.once('end', () => request.socket.setTimeout(0))
}
