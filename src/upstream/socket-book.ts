/** Which of two came first: a connection or a request. */
import type { Socket } from 'node:net'

/**
 * Remembers when each connection was made, so that a failure can be told apart: a pooled connection that the
 * upstream closed while idle (worth one retry), or a fresh one (an answer in itself).
 */
export class SocketBook {
  #sequence = 0
  readonly #byError = new WeakMap<object, number>()
  readonly #byLocalPort = new Map<number, number>()

  get now(): number {
    return this.#sequence
  }

  note(socket: Socket): void {
    const made = ++this.#sequence
    const { localPort } = socket
    socket.prependListener('error', (error) => this.#byError.set(error, made))
    if (localPort === undefined) return
    this.#byLocalPort.set(localPort, made)
    // undici reports the close in its own 'close' listener, so the entry must outlive that.
    socket.once('close', () => setImmediate(() => this.#forget(localPort, made)))
  }

  #forget(localPort: number, made: number): void {
    if (this.#byLocalPort.get(localPort) === made) this.#byLocalPort.delete(localPort)
  }

  /** When the connection behind an error was made; `null` when the error is about no connection. */
  madeAt(error: unknown): number | null {
    if (typeof error !== 'object' || error === null) return null
    const port = (error as { socket?: { localPort?: number } }).socket?.localPort
    return this.#byError.get(error) ?? (port === undefined ? null : (this.#byLocalPort.get(port) ?? null))
  }
}
