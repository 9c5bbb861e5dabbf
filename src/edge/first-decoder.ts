/**
 * The first bytes of a compressed body made readable, beside the stream, from a copy that is cut anywhere. For telling what
 * a body is, never for judging it: what cannot be decoded in these bounds is simply not known. On zlib's threads; hostile
 * input (bombs, huge windows, garbage) costs no more than the bounds say, and never throws.
 */
import { Buffer } from 'node:buffer'
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { type Coding, hasZlibFrame } from '../wire/content-coding.ts'

/** Bytes that come out of one coding at most; the rest is cut off. */
export const MAX_DECODED_BYTES = 192 * 1024
/** Copies that are decoded at once; the next ones are not looked into. Brotli may take 16 MiB for each, zstd 8. */
export const MAX_DECODING = 8
/** Milliseconds after which what came out so far has to do. */
const MAX_DECODE_MS = 200
/** Codings on top of each other. */
const MAX_LAYERS = 2
/** Small, so that a bomb is noticed soon. */
const CHUNK_BYTES = 16 * 1024
/** RFC 9659 section 3: senders of `zstd` use windows of 8 MiB at most. */
const ZSTD_WINDOW_LOG = 23

const { constants } = zlib
// A copy that is cut is flushed, not finished: what came before the cut comes out.
const CUT = { chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH }
const DECODERS: Readonly<Record<Coding, () => Transform>> = {
  gzip: () => zlib.createGunzip(CUT),
  deflate: () => zlib.createInflate(CUT),
  'raw-deflate': () => zlib.createInflateRaw(CUT),
  br: () => zlib.createBrotliDecompress({ chunkSize: CHUNK_BYTES, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () =>
    zlib.createZstdDecompress({
      chunkSize: CHUNK_BYTES,
      finishFlush: constants.ZSTD_e_flush,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
    }),
}

export class FirstDecoder {
  #running = 0

  /**
   * Undoes `codings`, the last one first. `null`: nothing of it is known, as it is broken, or too much is decoded already.
   * `bytes` must stay as they are until then.
   */
  async decode(bytes: Uint8Array, codings: readonly Coding[]): Promise<Uint8Array | null> {
    if (codings.length > MAX_LAYERS || this.#running >= MAX_DECODING) return null
    this.#running++
    try {
      let body = bytes
      for (const coding of codings.toReversed()) {
        body = await firstOf(coding === 'deflate' && !hasZlibFrame(body) ? 'raw-deflate' : coding, body)
        if (body.length === 0) return null
      }
      return body
    } finally {
      this.#running--
    }
  }
}

/** What comes out up to the bounds, or up to the first byte that is wrong. */
function firstOf(coding: Coding, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const stream = DECODERS[coding]()
    const pieces: Buffer[] = []
    let seenBytes = 0
    const done = (): void => {
      clearTimeout(timer)
      stream.destroy()
      resolve(Buffer.concat(pieces).subarray(0, MAX_DECODED_BYTES))
    }
    const timer = setTimeout(done, MAX_DECODE_MS)
    stream.on('data', (piece: Buffer) => {
      pieces.push(piece)
      seenBytes += piece.length
      if (seenBytes >= MAX_DECODED_BYTES) done()
    })
    stream.on('end', done)
    stream.on('error', done)
    stream.end(bytes)
  })
}
