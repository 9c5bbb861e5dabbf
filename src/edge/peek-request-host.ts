/** Waits for the head of a first request and reads its Host without consuming anything: all bytes are put back. */
import type { Socket } from 'node:net'
import { type RequestHost, readRequestHost } from '../wire/request-host.ts'

export type HeadHost = Exclude<RequestHost, { readonly kind: 'incomplete' }> | { readonly kind: 'gone' }

/** The socket is paused with all bytes put back when the callback runs, once; not so when it is `gone`. */
export function peekRequestHost(
  socket: Socket,
  { timeoutMs, maxBytes }: { readonly timeoutMs: number; readonly maxBytes: number },
  callback: (found: HeadHost) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const finish = (found: HeadHost): void => {
    clearTimeout(timer)
    socket.removeListener('data', onData)
    socket.removeListener('end', onGone)
    socket.removeListener('close', onGone)
    socket.pause()
    if (found.kind !== 'gone' && seen.length > 0) socket.unshift(seen)
    callback(found)
  }
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const found = readRequestHost(seen, maxBytes)
    if (found.kind !== 'incomplete') finish(found)
  }
  const onGone = (): void => finish({ kind: 'gone' })
  const timer = setTimeout(onGone, timeoutMs)
  socket.on('data', onData)
  socket.once('end', onGone)
  socket.once('close', onGone)
  socket.resume()
}
