/**
 * Looks at an answer in which nothing can be put back, for the dialect has no places for it or the body is of another kind:
 * the bytes go on as they come, and placeholders that reach the client are counted, so that none does so unnoticed.
 */
import { Buffer } from 'node:buffer'
import type { BodyRestorer } from './body-restorer.ts'
import { TextRestorer } from './restore.ts'

export class PlaceholderWatch implements BodyRestorer {
  readonly #text: TextRestorer

  /** `onSeen`: once for each place where a placeholder stands whole in the bytes. */
  constructor(prefix: string, onSeen: () => void) {
    // As in JSON: the letter in front may be that of an escape.
    this.#text = new TextRestorer({ prefix, valueOf: () => null, onRestored: () => undefined, onMiss: onSeen }, true)
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#text.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1'))
    return chunk
  }

  end(): Uint8Array {
    this.#text.flush()
    return new Uint8Array(0)
  }
}
