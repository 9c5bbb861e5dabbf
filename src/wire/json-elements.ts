/**
 * Cuts a JSON array into the bytes of its elements as they come, so that one can be edited and all else goes on as it came.
 * Looks for quotes and brackets only. Memory is bounded: of an element beyond the limit the pieces are given as they come.
 */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from './growing-bytes.ts'

export interface JsonElementSink {
  /** One whole object or array directly in the array. Valid only during the call. */
  readonly element: (bytes: Buffer) => void
  /** What stands between elements, or a piece of one that is too long. */
  readonly rest: (bytes: Buffer) => void
  /** The bracket that ends the array comes next. */
  readonly close: () => void
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

export class JsonElements {
  readonly #sink: JsonElementSink
  readonly #maxBytes: number
  readonly #begun = new GrowingBytes()
  /** Brackets that are open: 1 between elements, more inside of one. */
  #depth = 0
  #isString = false
  #isEscaped = false
  #isTooLong = false
  /** Elements that were too long. */
  skipped = 0

  constructor(sink: JsonElementSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let from = 0
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (this.#isString) this.#inString(byte)
      else if (byte === QUOTE) this.#isString = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) from = this.#opened(bytes, from, at)
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) from = this.#closed(bytes, from, at)
    }
    if (from === bytes.length) return
    if (this.#depth > 1) this.#keep(bytes.subarray(from))
    else this.#sink.rest(bytes.subarray(from))
  }

  /** What came of an element that never ended. */
  flush(): Buffer {
    const left = Buffer.from(this.#begun.bytes())
    this.#begun.clear()
    return left
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) this.#isString = false
  }

  /** Where what goes on begins. */
  #opened(bytes: Buffer, from: number, at: number): number {
    this.#depth += 1
    return this.#depth === 2 ? this.#between(bytes, from, at) : from
  }

  #closed(bytes: Buffer, from: number, at: number): number {
    this.#depth -= 1
    if (this.#depth === 1) return this.#end(bytes, from, at + 1)
    if (this.#depth !== 0) return from
    this.#between(bytes, from, at)
    this.#sink.close()
    return at
  }

  #between(bytes: Buffer, from: number, to: number): number {
    if (to > from) this.#sink.rest(bytes.subarray(from, to))
    return to
  }

  #end(bytes: Buffer, from: number, to: number): number {
    this.#keep(bytes.subarray(from, to))
    if (!this.#isTooLong) this.#sink.element(this.flush())
    this.#isTooLong = false
    return to
  }

  #keep(piece: Buffer): void {
    if (!this.#isTooLong && this.#begun.length + piece.length > this.#maxBytes) {
      this.#isTooLong = true
      this.skipped += 1
      if (this.#begun.length > 0) this.#sink.rest(this.flush())
    }
    if (this.#isTooLong) this.#sink.rest(piece)
    else this.#begun.add(piece)
  }
}
