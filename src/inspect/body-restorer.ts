/** What restorers of response bodies have in common, whatever the body is made of. */
import { Buffer } from 'node:buffer'
import type { EventRules } from './restore-event.ts'

/** A longer event goes on as it is; deltas are some hundred bytes, the last event of an answer repeats all of it. */
export const RESTORE_EVENT_BYTES = 4_194_304

export interface BodyRestorer {
  /** What goes out for these bytes; may be empty. */
  readonly push: (chunk: Uint8Array) => Uint8Array
  /** The body came to its proper end: what is left. */
  readonly end: () => Uint8Array
  /** The same as `end`, done by somebody else where it takes long; `null`: `end` it. */
  readonly endElsewhere?: () => Promise<Uint8Array> | null
}

export interface BodyOptions {
  readonly rules: EventRules
  /** `null`: the response does not say; then its first bytes do. */
  readonly contentType: string | null
  /** Asked before bytes are kept for the sake of a whole JSON body. */
  readonly room: (bytes: number) => boolean
  /** Restores a whole JSON body that is too large to be read here; `null`: nobody can. Absent: all are read here. */
  readonly restoreLarge?: (body: Uint8Array) => Promise<Uint8Array | null> | null
  readonly onUnrestored: (why: 'oversize' | 'over-capacity') => void
}

/** Collects what goes out for one chunk. */
export class OutgoingBytes {
  #pieces: Uint8Array[] = []

  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
  }

  take(): Uint8Array {
    const [first] = this.#pieces
    const out = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces)
    this.#pieces = []
    return out
  }
}
