/**
 * Connections that stand, or are being made, before the request that will use them: handed on by whoever dialled first, or
 * dialled while the intent record is still being written.
 */
import type { Socket } from 'node:net'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { DialCallback } from './dial.ts'

/** A connection that no request takes within this time is closed. */
const UNUSED_MS = 10_000

export class PreparedConnections {
  readonly #byOrigin = new Map<string, Prepared[]>()

  has(origin: string): boolean {
    return this.#byOrigin.has(origin)
  }

  /** Keep a connection that stands. */
  give(origin: string, socket: Socket): void {
    this.#keep(origin, (prepared) => {
      prepared.settle(null, socket)
      return () => socket.destroy()
    })
  }

  /** Dial now. A failure that nobody waits for is forgotten: the request dials itself and hears of its own. */
  dial(origin: string, dial: (callback: DialCallback) => () => void): void {
    this.#keep(origin, (prepared) => dial((error, socket) => prepared.settle(error, socket)))
  }

  /** `false`: there is none, and nothing will be called. Else the callback is called once, never at once. */
  take(origin: string, callback: DialCallback): boolean {
    const list = this.#byOrigin.get(origin) ?? []
    for (let prepared = list.shift(); prepared !== undefined; prepared = list.shift()) {
      if (list.length === 0) this.#byOrigin.delete(origin)
      if (prepared.claim(callback)) return true
    }
    return false
  }

  close(): void {
    for (const list of this.#byOrigin.values()) for (const prepared of list.slice()) prepared.discard()
    this.#byOrigin.clear()
  }

  #keep(origin: string, start: (prepared: Prepared) => () => void): void {
    const prepared = new Prepared(() => this.#remove(origin, prepared))
    this.#byOrigin.set(origin, [...(this.#byOrigin.get(origin) ?? []), prepared])
    prepared.start(start)
  }

  #remove(origin: string, prepared: Prepared): void {
    const list = (this.#byOrigin.get(origin) ?? []).filter((each) => each !== prepared)
    if (list.length === 0) this.#byOrigin.delete(origin)
    else this.#byOrigin.set(origin, list)
  }
}

class Prepared {
  readonly #onGone: () => void
  readonly #timer: NodeJS.Timeout
  #giveUp: (() => void) | null = null
  #socket: Socket | null = null
  #callback: DialCallback | null = null
  #isGone = false

  constructor(onGone: () => void) {
    this.#onGone = onGone
    this.#timer = setTimeout(() => this.discard(), UNUSED_MS)
    this.#timer.unref()
  }

  start(start: (prepared: Prepared) => () => void): void {
    this.#giveUp = start(this)
  }

  settle(error: ProxyError | null, socket: Socket | null): void {
    if (this.#callback !== null) this.#callback(error, socket)
    else if (this.#isGone) socket?.destroy()
    else if (socket === null) this.discard()
    else {
      this.#socket = socket
      socket.on('error', this.discard)
      socket.once('close', this.discard)
    }
  }

  claim(callback: DialCallback): boolean {
    if (this.#isGone) return false
    this.#leave()
    const socket = this.#socket
    if (socket === null) {
      this.#callback = callback
      return true
    }
    if (socket.destroyed || socket.readableEnded) return false
    // Not at once: undici asks for a connection while it works through its queue, and would not look into it again.
    process.nextTick(callback, null, socket)
    return true
  }

  readonly discard = (): void => {
    if (this.#isGone) return
    this.#leave()
    this.#giveUp?.()
    this.#socket?.destroy()
    this.#onGone()
  }

  #leave(): void {
    this.#isGone = true
    clearTimeout(this.#timer)
    this.#socket?.removeListener('error', this.discard)
    this.#socket?.removeListener('close', this.discard)
  }
}
