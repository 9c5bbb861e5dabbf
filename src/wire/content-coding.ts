/**
 * Content codings of HTTP bodies (RFC 9110 section 8.4), several on top of each other too. Decoding stops while it runs
 * once the output is too large, so that a small bomb never becomes a large body.
 */
import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'
import type { WorkTurns } from '../domain/work-turns.ts'
import { gathered } from './gather-bytes.ts'

/** `raw-deflate`: what many senders mean by `deflate`, without the zlib frame that RFC 9110 asks for. */
export type Coding = 'gzip' | 'deflate' | 'raw-deflate' | 'br' | 'zstd'

export type ParsedCodings =
  | { readonly ok: true; readonly codings: readonly Coding[] }
  | { readonly ok: false; readonly unread: 'unknown-coding' }

export type DecodedBody =
  | {
      readonly ok: true
      readonly body: Uint8Array
      /** As found: `raw-deflate` where `deflate` was named but sent raw. Encode with these to send it on alike. */
      readonly codings: readonly Coding[]
    }
  | { readonly ok: false; readonly unread: 'decode-limit' | 'unparsable' }

export interface DecodeLimits {
  /** Largest body after all codings are undone. */
  readonly maxBytes: number
  /** Largest decoded : encoded, over all codings together; not applied to outputs up to 64 KiB. */
  readonly maxRatio: number
}

interface Codec {
  readonly decode: (bytes: Uint8Array, maxOutputLength: number) => Decoded
  readonly encode: (bytes: Uint8Array) => Uint8Array
  /** What comes out comes in pieces. */
  readonly decoder: () => Engine
  readonly encoder: () => Engine
}

/** What all of zlib's streams are. */
type Engine = Omit<zlib.Gunzip, 'reset'>

/** One stretch of a body undone: what came out, and how many bytes went in. */
interface Decoded {
  readonly body: Uint8Array
  readonly used: number
}

interface DecodeOptions {
  readonly maxOutputLength: number
  /** Node then gives `{buffer, engine}` in place of the buffer, which its types leave out. */
  readonly info: true
}
type DecodeSync = (bytes: Uint8Array, options: DecodeOptions) => unknown

/** Low effort: a body is encoded anew for one hop, and the sender waits. */
const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }
const CODECS: Readonly<Record<Coding, Codec>> = {
  gzip: {
    decode: decoded(zlib.gunzipSync),
    encode: (bytes) => zlib.gzipSync(bytes),
    decoder: () => zlib.createGunzip(),
    encoder: () => zlib.createGzip(),
  },
  deflate: {
    decode: decoded(zlib.inflateSync),
    encode: (bytes) => zlib.deflateSync(bytes),
    decoder: () => zlib.createInflate(),
    encoder: () => zlib.createDeflate(),
  },
  'raw-deflate': {
    decode: decoded(zlib.inflateRawSync),
    encode: (bytes) => zlib.deflateRawSync(bytes),
    decoder: () => zlib.createInflateRaw(),
    encoder: () => zlib.createDeflateRaw(),
  },
  br: {
    decode: decoded(zlib.brotliDecompressSync),
    encode: (bytes) => zlib.brotliCompressSync(bytes, BROTLI),
    decoder: () => zlib.createBrotliDecompress(),
    encoder: () => zlib.createBrotliCompress(BROTLI),
  },
  zstd: {
    decode: decoded(zlib.zstdDecompressSync),
    encode: (bytes) => zlib.zstdCompressSync(bytes),
    decoder: () => zlib.createZstdDecompress(),
    encoder: () => zlib.createZstdCompress(),
  },
}
const NAMES: ReadonlyMap<string, Coding> = new Map<string, Coding>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
])
const MOST_CODINGS = 4
/** Frames of one zstd body. */
const MOST_FRAMES = 1024
const RATIO_FREE_BYTES = 65536
/** A coding may make its input a little larger; that is no bomb. */
const STAGE_SLACK_BYTES = 4096

function decoded(decode: DecodeSync): Codec['decode'] {
  return (bytes, maxOutputLength) => {
    const result = decode(bytes, { maxOutputLength, info: true })
    const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } }
    return { body: buffer, used: engine.bytesWritten }
  }
}

/** All that an engine makes of the bytes, on zlib's threads. `too-large`: it made more than `maxBytes`, and was stopped. */
function piecesOf(engine: Engine, bytes: Uint8Array, maxBytes: number): Promise<Uint8Array[] | Failure> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = []
    let length = 0
    engine.on('data', (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (length <= maxBytes) return
      engine.destroy()
      resolve('too-large')
    })
    engine.once('error', () => resolve('broken'))
    engine.once('end', () => resolve(pieces))
    engine.end(bytes)
  })
}

/** The values of all `content-encoding` headers, in order of application; `identity` is left out. */
export function parseContentEncoding(values: readonly string[]): ParsedCodings {
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const codings = names.flatMap((name) => NAMES.get(name) ?? [])
  if (codings.length < names.length || codings.length > MOST_CODINGS) return { ok: false, unread: 'unknown-coding' }
  return { ok: true, codings }
}

/** Undoes `codings`, the last one first. Blocks while it runs: for bodies up to about 1 MB. */
export function decodeBody(bytes: Uint8Array, codings: readonly Coding[], limits: DecodeLimits): DecodedBody {
  const steps = decodeSteps(bytes, codings, limits)
  let step = steps.next()
  while (step.done !== true) {
    const { value } = step
    step = steps.next(
      'pieces' in value
        ? { body: Buffer.concat(value.pieces), used: 0 }
        : outcomeOf(() => value.codec.decode(value.input, value.maxBytes)),
    )
  }
  return step.value
}

/** As `decodeBody`, on zlib's threads; what comes out is put together in turns. */
export async function decodeBodyAsync(
  bytes: Uint8Array,
  codings: readonly Coding[],
  limits: DecodeLimits,
  turns?: WorkTurns,
): Promise<DecodedBody> {
  const steps = decodeSteps(bytes, codings, limits)
  let step = steps.next()
  while (step.done !== true) {
    if ('pieces' in step.value) {
      step = steps.next({ body: await gathered(step.value.pieces, turns), used: 0 })
      continue
    }
    const { codec, input, maxBytes } = step.value
    const engine = codec.decoder()
    const pieces = await piecesOf(engine, input, maxBytes)
    const outcome =
      typeof pieces === 'string' ? pieces : { body: await gathered(pieces, turns), used: engine.bytesWritten }
    step = steps.next(outcome)
  }
  return step.value
}

/** Applies `codings` in order. Blocks while it runs: for bodies up to about 1 MB. */
export function encodeBody(bytes: Uint8Array, codings: readonly Coding[]): Uint8Array {
  return codings.reduce((body, coding) => CODECS[coding].encode(body), bytes)
}

/** As `encodeBody`, on zlib's threads. */
export async function encodeBodyAsync(
  bytes: Uint8Array,
  codings: readonly Coding[],
  turns?: WorkTurns,
): Promise<Uint8Array> {
  let body = bytes
  for (const coding of codings) {
    const pieces = await piecesOf(CODECS[coding].encoder(), body, Infinity)
    if (typeof pieces === 'string') throw new Error(`a body could not be encoded: ${coding}`)
    body = await gathered(pieces, turns)
  }
  return body
}

type Failure = 'too-large' | 'broken'

interface DecodeStep {
  readonly codec: Codec
  readonly input: Uint8Array
  readonly maxBytes: number
}

/** What several calls gave, to be put together. */
interface JoinStep {
  readonly pieces: Uint8Array[]
}

/** The decoding of a body as single zlib calls, which the caller makes its own way. */
function* decodeSteps(
  bytes: Uint8Array,
  codings: readonly Coding[],
  limits: DecodeLimits,
): Generator<DecodeStep | JoinStep, DecodedBody, Decoded | Failure> {
  const maxBytes = Math.min(limits.maxBytes, Math.max(RATIO_FREE_BYTES, bytes.length * limits.maxRatio))
  const found: Coding[] = []
  let body = bytes
  for (const coding of codings.toReversed()) {
    const actual = coding === 'deflate' && !hasZlibFrame(body) ? 'raw-deflate' : coding
    found.unshift(actual)
    const result = yield* decodeStage(actual, body, maxBytes + STAGE_SLACK_BYTES)
    if (result === 'too-large') return { ok: false, unread: 'decode-limit' }
    if (result === 'broken') return { ok: false, unread: 'unparsable' }
    body = result
  }
  if (codings.length > 0 && body.length > maxBytes) return { ok: false, unread: 'decode-limit' }
  return { ok: true, body, codings: found }
}

/**
 * One coding undone to its last byte: zlib stops silently after the first zstd frame (RFC 8878 allows many) and after
 * the end of a deflate or brotli stream, and what stands there would go upstream unread.
 */
function* decodeStage(
  coding: Coding,
  bytes: Uint8Array,
  maxBytes: number,
): Generator<DecodeStep | JoinStep, Uint8Array | Failure, Decoded | Failure> {
  const pieces: Uint8Array[] = []
  let left = maxBytes
  for (let at = 0; at < bytes.length; ) {
    if (pieces.length > 0 && coding !== 'zstd') return 'broken'
    if (pieces.length === MOST_FRAMES) return 'too-large'
    if (coding === 'zstd' && isSkippableFrame(bytes, at)) return 'broken'
    const result = yield { codec: CODECS[coding], input: bytes.subarray(at), maxBytes: Math.max(1, left) }
    if (typeof result === 'string') return result
    if (result.used === 0) return 'broken'
    at += result.used
    left -= result.body.length
    if (left < 0) return 'too-large'
    pieces.push(result.body)
  }
  if (pieces.length === 1) return pieces[0] ?? bytes
  const joined = yield { pieces }
  return typeof joined === 'string' ? joined : joined.body
}

/** RFC 8878 section 3.1.2: bytes that decoders leave out, and that would go upstream unread. No client sends any. */
const isSkippableFrame = (bytes: Uint8Array, at: number): boolean =>
  ((bytes[at] ?? 0) & 0xf0) === 0x50 && bytes[at + 1] === 0x2a && bytes[at + 2] === 0x4d && bytes[at + 3] === 0x18

/** Does it begin as RFC 1950 says: method 8, and a header that is a multiple of 31? Else `deflate` was sent raw. */
export function hasZlibFrame(bytes: Uint8Array): boolean {
  const [method = 0, flags = 0] = bytes
  return (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0
}

function outcomeOf(decode: () => Decoded): Decoded | Failure {
  try {
    return decode()
  } catch (error) {
    return failureOf(error)
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'broken'
}
