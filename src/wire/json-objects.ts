/**
 * Cuts the bytes of JSON into its objects as they come: one object, the elements of an array, or one document a line. Looks
 * for quotes and brackets only; whether an object is JSON its reader finds out. Memory is bounded by the largest object allowed.
 */
import type { Buffer } from 'node:buffer'
import { GrowingBytes } from './growing-bytes.ts'

export interface JsonObjectsOptions {
  /** Of one object; a larger one is skipped and counted. */
  readonly maxBytes: number
  /** Every line is a document of its own, so that a broken one spoils no other. */
  readonly isLines: boolean
}

export interface JsonObjects {
  readonly push: (chunk: Uint8Array) => void
  /** Objects that were skipped because they were too large. */
  readonly skipped: () => number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LF = 0x0a
const ARRAY_BEGIN = 0x5b
const ARRAY_END = 0x5d
const OBJECT_BEGIN = 0x7b
const OBJECT_END = 0x7d

/** `onObject` is called with each whole object at the top or directly in an array at the top; valid only during the call. */
export function createJsonObjects(onObject: (json: Buffer) => void, options: JsonObjectsOptions): JsonObjects {
  const cutter = new Cutter(onObject, options)
  return { push: (chunk) => cutter.push(chunk), skipped: () => cutter.skipped }
}

const MARKS = new Uint8Array(256)
for (const byte of [QUOTE, LF, ARRAY_BEGIN, ARRAY_END, OBJECT_BEGIN, OBJECT_END]) MARKS[byte] = 1

/** Outside of strings: the next byte that means something here; the chunk's length when there is none. */
function nextMark(chunk: Uint8Array, start: number): number {
  let at = start
  while (at < chunk.length && MARKS[chunk[at] ?? 0] === 0) at += 1
  return at
}

class Cutter {
  skipped = 0
  readonly #onObject: (json: Buffer) => void
  readonly #options: JsonObjectsOptions
  readonly #begun = new GrowingBytes()
  #isOversize = false
  /** Brackets that are open inside the object under way; 0 outside of one. */
  #depth = 0
  #isString = false
  #isEscaped = false

  constructor(onObject: (json: Buffer) => void, options: JsonObjectsOptions) {
    this.#onObject = onObject
    this.#options = options
  }

  push(chunk: Uint8Array): void {
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      at = this.#isString ? this.#stringEnd(chunk, at) : nextMark(chunk, at)
      if (at === chunk.length) break
      const wasInside = this.#depth > 0
      const isEnd = this.#mark(chunk[at] ?? 0)
      if (!wasInside && this.#depth > 0) from = at
      else if (isEnd) this.#whole(chunk.subarray(from, at + 1))
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(from))
  }

  /** Where the string under way ends, at its quote or at a line feed; the chunk's length when it goes on. */
  #stringEnd(chunk: Uint8Array, start: number): number {
    let at = start
    if (this.#isEscaped && chunk[at] !== LF) at += 1
    this.#isEscaped = false
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === QUOTE || byte === LF) return at
      if (byte !== BACKSLASH) continue
      // The byte behind it means nothing, unless it is a line feed.
      if (at + 1 === chunk.length) this.#isEscaped = true
      else if (chunk[at + 1] !== LF) at += 1
    }
    return chunk.length
  }

  /** `true`: the object under way ends with this byte. */
  #mark(byte: number): boolean {
    if (byte === LF) {
      if (this.#isString || this.#options.isLines) this.#forget()
    } else if (byte === QUOTE) this.#isString = !this.#isString
    else if (byte === OBJECT_BEGIN || (byte === ARRAY_BEGIN && this.#depth > 0)) this.#depth += 1
    else if ((byte === OBJECT_END || byte === ARRAY_END) && this.#depth > 0) {
      this.#depth -= 1
      return this.#depth === 0
    }
    return false
  }

  /** A line feed inside a string is no JSON: begin anew behind it. */
  #forget(): void {
    this.#begun.clear()
    this.#isOversize = false
    this.#depth = 0
    this.#isString = false
    this.#isEscaped = false
  }

  #keep(piece: Uint8Array): void {
    if (this.#begun.length + piece.length > this.#options.maxBytes) {
      this.#isOversize = true
      this.#begun.clear()
    }
    if (!this.#isOversize) this.#begun.add(piece)
  }

  #whole(piece: Uint8Array): void {
    this.#keep(piece)
    if (this.#isOversize) this.skipped += 1
    else this.#onObject(this.#begun.bytes())
    this.#begun.clear()
    this.#isOversize = false
  }
}
