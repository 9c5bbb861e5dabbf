/** Feeds a decoded copy of a response to a usage reader, beside the stream: never delays it, never throws. */
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Usage, UsageReader } from '../dialects/dialect.ts'
import { createZstdDecoder } from './zstd-decoder.ts'

export interface ResponseMeter {
  readonly push: (chunk: Uint8Array) => void
  /** What the response said of model and tokens, once the copy is decoded to its end. */
  readonly end: () => Promise<Usage>
}

/** Decoded bytes after which the copy of a compressed response is given up. */
const MAX_DECODED_BYTES = 64 * 1024 * 1024

/** Encoded bytes that may wait for the decoder; a copy that falls further behind is given up. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecoder,
}

/** `coding`: the response's content-encoding; one that we do not know makes a meter that reads nothing. */
export function createResponseMeter(reader: UsageReader, coding: string | null): ResponseMeter {
  const name = (coding ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') {
    return { push: (chunk) => reader.push(chunk), end: () => Promise.resolve(reader.end()) }
  }
  const makeDecoder = DECODERS[name]
  if (makeDecoder === undefined) {
    return { push: () => undefined, end: () => Promise.resolve(reader.end()) }
  }
  return decodingMeter(reader, makeDecoder())
}

function decodingMeter(reader: UsageReader, decoder: Transform): ResponseMeter {
  let decodedBytes = 0
  let isBroken = false
  const settled = new Promise<void>((resolve) => {
    decoder.on('data', (chunk: Buffer) => {
      decodedBytes += chunk.length
      if (decodedBytes > MAX_DECODED_BYTES) decoder.destroy()
      else reader.push(chunk)
    })
    decoder.on('error', () => {
      isBroken = true
      resolve()
    })
    decoder.on('close', () => {
      isBroken = true
      resolve()
    })
    decoder.on('end', () => resolve())
  })
  return {
    // The chunk belongs to the socket's buffer: the decoder works later, on a copy.
    push: (chunk) => {
      if (isBroken) return
      decoder.write(Buffer.from(chunk))
      if (decoder.writableLength > MAX_WAITING_BYTES) decoder.destroy()
    },
    end: async () => {
      if (!isBroken && !decoder.destroyed) decoder.end()
      await settled
      return reader.end()
    },
  }
}
