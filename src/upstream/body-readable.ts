/** A pushed body as the Readable that undici wants: no copy, no promise per chunk. */
import { Readable } from 'node:stream'
import type { BodySource } from '../flow/ports.ts'

export class BodyReadable extends Readable {
  readonly #source: BodySource
  #isStarted = false

  constructor(source: BodySource) {
    super({ highWaterMark: 65_536 })
    this.#source = source
  }

  override _read(): void {
    if (this.#isStarted) {
      this.#source.resume()
      return
    }
    this.#isStarted = true
    this.#source.start({
      chunk: (bytes) => this.push(bytes),
      end: () => this.push(null),
      fail: (error) => this.destroy(error),
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.cancel()
    callback(error)
  }
}
