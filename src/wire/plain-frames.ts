/** Makes a body of gRPC, gRPC-Web or Connect frames readable: base64 and compression undone, within limits, frame by frame. */
import type { UnreadReason } from '../domain/finding.ts'
import { headerValue, headerValues } from '../domain/headers.ts'
import type { RequestHead } from '../domain/tool.ts'
import { allAtOnce, type StepwiseWork, type WorkTurns } from '../domain/work-turns.ts'
import {
  type Coding,
  type DecodedBody,
  type DecodeLimits,
  decodeBody,
  decodeBodyAsync,
  parseContentEncoding,
} from './content-coding.ts'
import { gathered, gathering } from './gather-bytes.ts'
import {
  decodeBase64Body,
  FRAME_COMPRESSED,
  FRAME_PREFIX_BYTES,
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

interface FrameOptions {
  readonly isCut: boolean
  readonly limits: DecodeLimits
  /** Cuts work on large bodies into turns of the event loop. Absent: all at once. */
  readonly turns?: WorkTurns
}

/** A longer body is gone through in turns: a frame may be five bytes. */
const QUICK = 65_536
/** Frames that are looked at, and bytes of base64 that are undone, without a stop. */
const FRAMES_AT_ONCE = 2000
const BASE64_AT_ONCE = 65_536

/**
 * `isCut`: the body goes on behind `bytes`, so that a last frame that is not whole is no fault. A message that cannot be
 * undone is left out and told; the others are still read.
 */
export async function plainFrames(
  head: RequestHead,
  framing: Framing,
  bytes: Uint8Array,
  { isCut, limits, turns }: FrameOptions,
): Promise<PlainFrames> {
  const inTurns = <T>(work: StepwiseWork<T>): T | Promise<T> =>
    turns === undefined || bytes.length <= QUICK ? allAtOnce(work) : turns.run(work)
  const plain = { contentType: `application/${framing.protocol}+${framing.codec}` }
  const whole = isCut ? bytes.subarray(0, bytes.length & ~3) : bytes
  const raw = framing.isBase64 ? await inTurns(undoingBase64(whole)) : bytes
  if (raw === null) return { ...plain, body: new Uint8Array(0), unread: 'unparsable' }
  const coding = parseContentEncoding(headerValues(head.headers, framing.codingHeader))
  const seen = await inTurns(lookingThrough(raw))
  const isBroken = !isCut && seen.end < raw.length
  if (seen.compressed.length === 0) {
    return { ...plain, body: raw.subarray(0, seen.end), unread: isBroken ? 'unparsable' : null }
  }
  const undone = await undoneFrames(raw, seen, { codings: coding.ok ? coding.codings : null, limits, turns })
  const body = await gathered(undone.pieces, turns)
  return { ...plain, body, unread: undone.unread ?? (isBroken ? 'unparsable' : null) }
}

const isCompressed = ({ flags }: FrameSpan): boolean => (flags & FRAME_COMPRESSED) !== 0

/** Groups of four stand for themselves: each stretch of them can be undone alone. `null`: it is no base64. */
function* undoingBase64(bytes: Uint8Array): StepwiseWork<Uint8Array | null> {
  if (bytes.length <= BASE64_AT_ONCE) return decodeBase64Body(bytes)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += BASE64_AT_ONCE) {
    const piece = decodeBase64Body(bytes.subarray(at, at + BASE64_AT_ONCE))
    if (piece === null) return null
    pieces.push(piece)
    yield
  }
  return yield* gathering(pieces)
}

interface Seen {
  /** Where the last whole frame ends. */
  readonly end: number
  /** With how many bytes stood in frames before that are not compressed. No more than may be, and one. */
  readonly compressed: readonly (FrameSpan & { readonly plainBefore: number })[]
}

function* lookingThrough(raw: Uint8Array): StepwiseWork<Seen> {
  const compressed: Seen['compressed'][number][] = []
  let end = 0
  let plainBefore = 0
  let count = 0
  for (const frame of framesOf(raw)) {
    end = frame.end
    if (!isCompressed(frame)) plainBefore += frame.end - frame.start
    else if (compressed.length <= MOST_COMPRESSED) compressed.push({ ...frame, plainBefore })
    if ((count += 1) % FRAMES_AT_ONCE === 0) yield
  }
  return { end, compressed }
}

interface Undoing {
  readonly codings: readonly Coding[] | null
  readonly limits: DecodeLimits
  readonly turns: WorkTurns | undefined
}

/** What is not compressed stays as it stands, many frames as one piece. */
async function undoneFrames(
  raw: Uint8Array,
  { end, compressed }: Seen,
  { codings, limits, turns }: Undoing,
): Promise<{ readonly pieces: Uint8Array[]; readonly unread: UnreadReason | null }> {
  const pieces: Uint8Array[] = []
  let unread: UnreadReason | null = null
  let made = 0
  let from = 0
  for (const [index, frame] of compressed.entries()) {
    const start = frame.start - FRAME_PREFIX_BYTES
    if (from < start) pieces.push(raw.subarray(from, start))
    from = frame.end
    const rest = { ...limits, maxBytes: limits.maxBytes - frame.plainBefore - made }
    const payload = raw.subarray(frame.start, frame.end)
    const message = index === MOST_COMPRESSED ? 'decode-limit' : await undone(payload, codings, rest, turns)
    if (typeof message !== 'string') {
      made += message.length
      pieces.push(frameBytes(frame.flags & ~FRAME_COMPRESSED, message))
      continue
    }
    unread ??= message
    // What stands behind it is not read.
    if (message === 'decode-limit') return { pieces, unread }
  }
  if (from < end) pieces.push(raw.subarray(from, end))
  return { pieces, unread }
}

/** A message that says it is compressed, in a stream that does not say how, cannot be read. */
async function undone(
  payload: Uint8Array,
  codings: readonly Coding[] | null,
  limits: DecodeLimits,
  turns: WorkTurns | undefined,
): Promise<Uint8Array | UnreadReason> {
  if (codings === null || codings.length === 0) return 'unknown-coding'
  const atOnce = (): DecodedBody => decodeBody(payload, codings, limits)
  const isSmall = payload.length <= AT_ONCE_BYTES
  const decoded = isSmall
    ? await (turns === undefined ? atOnce() : turns.whole(atOnce))
    : await decodeBodyAsync(payload, codings, limits, turns)
  return decoded.ok ? decoded.body : decoded.unread
}
