/** A response body on its way to the client through a restorer: content codings undone, pace kept, room given back. */
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { ProxyError } from '../domain/proxy-error.ts'
import type { RestoredBody } from '../flow/exchange-contract.ts'
import type { Coding } from '../wire/content-coding.ts'
import { createZstdDecoder } from './zstd-decoder.ts'

export interface RestoringTarget {
  /** `false`: wait for `drained`. */
  readonly write: (bytes: Uint8Array) => boolean
  /** All went out. */
  readonly end: () => void
  /** The body cannot be decoded: what the client has is not whole. */
  readonly fail: (error: ProxyError) => void
  /** More of the body may come. */
  readonly resume: () => void
}

const DECODERS: Readonly<Record<Coding, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  'raw-deflate': createInflateRaw,
  br: createBrotliDecompress,
  zstd: createZstdDecoder,
}

/** Lines that are wrong when the body is another: its length, its coding, and digests of its bytes (RFC 9530, RFC 1864). */
export const RESTORED_LINES: ReadonlySet<string> = new Set([
  'content-length',
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
])

export class RestoringBody {
  readonly #body: RestoredBody
  readonly #target: RestoringTarget
  /** In the order in which they are undone; made when the first byte is there. */
  #decoders: readonly Transform[] = []
  #isBegun = false
  #isOver = false
  #isCancelled = false

  constructor(body: RestoredBody, target: RestoringTarget) {
    this.#body = body
    this.#target = target
  }

  /** `false`: wait for `resume` of the target. */
  push(bytes: Uint8Array): boolean {
    if (!this.#isBegun) this.#begin(bytes[0] ?? 0)
    const [first] = this.#decoders
    if (first === undefined) return this.#restored(bytes)
    // The chunk belongs to the socket's buffer: the decoder works later, on a copy.
    return this.#isOver || first.write(Buffer.from(bytes))
  }

  /** The upstream's body came to its end. */
  end(): void {
    const [first] = this.#decoders
    if (first === undefined) this.#end()
    else first.end()
  }

  /** The client can take more. */
  drained(): void {
    this.#decoders.at(-1)?.resume()
    if (this.#decoders[0]?.writableNeedDrain !== true) this.#target.resume()
  }

  /** Nothing follows. */
  cancel(): void {
    this.#isOver = true
    this.#isCancelled = true
    for (const decoder of this.#decoders) decoder.destroy()
  }

  #begin(firstByte: number): void {
    this.#isBegun = true
    // Many mean by `deflate` what has no zlib frame (RFC 9110 section 8.4.1.2, note).
    const isBare = (firstByte & 0x0f) !== 8
    this.#decoders = this.#body.codings
      .toReversed()
      .map((coding, index) => DECODERS[coding === 'deflate' && index === 0 && isBare ? 'raw-deflate' : coding]())
    this.#join()
  }

  #join(): void {
    const last = this.#decoders.at(-1)
    for (const [index, decoder] of this.#decoders.entries()) {
      decoder.on('error', () => this.#fail())
      const next = this.#decoders[index + 1]
      if (next !== undefined) decoder.pipe(next)
    }
    this.#decoders[0]?.on('drain', () => this.#target.resume())
    last?.on('data', (chunk: Buffer) => {
      if (!this.#isOver && !this.#restored(chunk)) last.pause()
    })
    last?.on('end', () => this.#end())
  }

  #restored(bytes: Uint8Array): boolean {
    const out = this.#body.restorer.push(bytes)
    return out.length === 0 || this.#target.write(out)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { restorer } = this.#body
    const elsewhere = restorer.endElsewhere?.() ?? null
    if (elsewhere === null) this.#finish(restorer.end())
    else
      elsewhere.then(
        (rest) => this.#finish(rest),
        () => this.#finish(restorer.end()),
      )
  }

  #finish(rest: Uint8Array): void {
    if (this.#isCancelled) return
    if (rest.length > 0) this.#target.write(rest)
    this.#target.end()
  }

  #fail(): void {
    if (this.#isOver) return
    this.cancel()
    this.#target.fail(new ProxyError('upstream-protocol', 'a body that cannot be decoded'))
  }
}
