/** Makes a body of gRPC, gRPC-Web or Connect frames readable: base64 and compression undone, within limits, frame by frame. */
import { Buffer } from 'node:buffer'
import type { UnreadReason } from '../domain/finding.ts'
import { headerValue, headerValues } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'
import { type Coding, type DecodeLimits, decodeBody, decodeBodyAsync, parseContentEncoding } from './content-coding.ts'
import {
  decodeBase64Body,
  FRAME_COMPRESSED,
  type FrameSpan,
  type Framing,
  frameBytes,
  framesOf,
  framingOf,
} from './grpc-frames.ts'

/** Frames without compression, and what could not be made one. */
export interface PlainFrames {
  /** Whole frames only; other bytes than the body's where something was undone. */
  readonly body: Uint8Array
  /** The content type that the bytes have now. */
  readonly contentType: string
  readonly unread: UnreadReason | null
}

/** Compressed messages of one body beyond which it counts as a bomb. */
const MOST_COMPRESSED = 10_000

/** Up to this a message is decompressed at once: a thread costs more. */
const AT_ONCE_BYTES = 4096

/** How the messages of a request are framed, by its content type; `null` when they are not. */
export const requestFraming = (head: RequestHead): Framing | null =>
  framingOf(headerValue(head.headers, 'content-type'))

/**
 * `isCut`: the body goes on behind `bytes`, so that a last frame that is not whole is no fault. A message that cannot be
 * undone is left out and told; the others are still read.
 */
export async function plainFrames(
  head: RequestHead,
  framing: Framing,
  bytes: Uint8Array,
  { isCut, limits }: { readonly isCut: boolean; readonly limits: DecodeLimits },
): Promise<PlainFrames> {
  const plain = { contentType: `application/${framing.protocol}+${framing.codec}` }
  const raw = framing.isBase64 ? decodeBase64Body(isCut ? bytes.subarray(0, bytes.length & ~3) : bytes) : bytes
  if (raw === null) return { ...plain, body: new Uint8Array(0), unread: 'unparsable' }
  const coding = parseContentEncoding(headerValues(head.headers, framing.codingHeader))
  const frames = [...framesOf(raw)]
  const end = frames.at(-1)?.end ?? 0
  const isBroken = !isCut && end < raw.length
  if (!frames.some(isCompressed))
    return { ...plain, body: raw.subarray(0, end), unread: isBroken ? 'unparsable' : null }
  const undone = await undoneFrames(raw, frames, coding.ok ? coding.codings : null, limits)
  return { ...plain, ...undone, unread: undone.unread ?? (isBroken ? 'unparsable' : null) }
}

const isCompressed = ({ flags }: FrameSpan): boolean => (flags & FRAME_COMPRESSED) !== 0

async function undoneFrames(
  raw: Uint8Array,
  frames: readonly FrameSpan[],
  codings: readonly Coding[] | null,
  limits: DecodeLimits,
): Promise<{ body: Uint8Array; unread: UnreadReason | null }> {
  const pieces: Uint8Array[] = []
  let unread: UnreadReason | null = null
  let left = limits.maxBytes
  let compressed = 0
  for (const frame of frames) {
    const payload = raw.subarray(frame.start, frame.end)
    let message: Uint8Array | UnreadReason = payload
    if (isCompressed(frame)) {
      compressed += 1
      message =
        compressed > MOST_COMPRESSED ? 'decode-limit' : await undone(payload, codings, { ...limits, maxBytes: left })
    }
    if (typeof message === 'string') {
      unread ??= message
      if (message === 'decode-limit') break
      continue
    }
    left -= message.length
    pieces.push(frameBytes(frame.flags & ~FRAME_COMPRESSED, message))
  }
  return { body: Buffer.concat(pieces), unread }
}

/** A message that says it is compressed, in a stream that does not say how, cannot be read. */
async function undone(
  payload: Uint8Array,
  codings: readonly Coding[] | null,
  limits: DecodeLimits,
): Promise<Uint8Array | UnreadReason> {
  if (codings === null || codings.length === 0) return 'unknown-coding'
  const isSmall = payload.length <= AT_ONCE_BYTES
  const decoded = isSmall ? decodeBody(payload, codings, limits) : await decodeBodyAsync(payload, codings, limits)
  return decoded.ok ? decoded.body : decoded.unread
}
