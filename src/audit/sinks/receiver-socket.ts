/** Writing to a receiver that acknowledges nothing, so that what it did not take is not held to be delivered. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { withCertificateHint } from './tls-why.ts'

/** How long a receiver that does not want us has to say so: twice what connecting took, within these bounds. */
const GRACE_MS = { least: 10, most: 1000 } as const
/** In TLS it may first have to look at our certificate. */
const TLS_LEAST_MS = 50

/** Resolves with how long a refusal may take on this connection, in milliseconds. */
export async function connected(socket: Socket): Promise<number> {
  const beganMs = performance.now()
  const isTls = socket instanceof TLSSocket
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(isTls ? withCertificateHint(error) : error)
    socket.once('error', fail)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.off('error', fail)
      resolve()
    })
  })
  const least = isTls ? TLS_LEAST_MS : GRACE_MS.least
  return Math.min(GRACE_MS.most, Math.max(least, 2 * (performance.now() - beganMs)))
}

/**
 * In TLS 1.3 our side is through before the receiver has looked at our certificate. Resolves once it has taken it, as its
 * session tickets say, or has said nothing for `graceMs`. Rejects when it ends the connection.
 */
export async function accepted(socket: Socket, graceMs: number): Promise<void> {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, graceMs)
    const end = (error?: Error): void => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(withCertificateHint(error))
    }
    socket.once('session', () => end())
    socket.once('error', end)
    socket.once('close', () => end(new Error('the receiver closed the connection at once')))
    // Nothing is read, tickets included, before somebody asks for it.
    socket.resume()
  })
}

/**
 * Resolves once the receiver, too, has ended the connection without complaint, after we had. We end it only `graceMs`
 * behind the last byte: one that hung up before it read anything is known by then. An end that comes later than ours is
 * one behind our last byte, or a reset.
 */
export function writeAndEnd(socket: Socket, bytes: Buffer, graceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let isWritten = false
    let isEnded = false
    let timer: NodeJS.Timeout | undefined
    const fail = (error: Error): void => reject(socket instanceof TLSSocket ? withCertificateHint(error) : error)
    socket.once('error', fail)
    socket.once('finish', () => {
      isWritten = true
    })
    socket.once('end', () => {
      isEnded = isWritten
    })
    socket.once('close', () => {
      clearTimeout(timer)
      if (isEnded) resolve()
      else fail(new Error('the receiver closed the connection before it had read everything'))
    })
    socket.resume()
    socket.write(bytes, () => {
      timer = setTimeout(() => socket.end(), graceMs)
    })
  })
}
