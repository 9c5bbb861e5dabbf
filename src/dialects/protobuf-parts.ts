/** Text parts of protobuf messages without their schema, bare and in the frames of gRPC, gRPC-Web and Connect streams. */
import { FRAME_COMPRESSED, type Framing, frameKind, framesOf } from '../wire/grpc-frames.ts'
import { protobufStrings } from '../wire/protobuf-strings.ts'
import type { TextPart, TextParts } from './dialect.ts'
import { type JsonKeys, jsonParts } from './json-parts.ts'

const UNPARSABLE: TextParts = { ok: false, unread: 'unparsable' }
const BINARY: TextParts = { ok: false, unread: 'binary' }

/** Parts beyond which a body counts as unparsable: inspection must not fill the heap. */
const MAX_PARTS = 500_000

/**
 * Strings of the message in `body[start, end)`, named by field numbers. Never editable: lengths stand around them on every
 * level. Opaque bytes are parts too, in which only keys of services are looked for.
 */
export function protobufParts(body: Uint8Array, start = 0, end: number = body.length): TextParts {
  const strings = protobufStrings(body, start, end)
  if (strings === null) return UNPARSABLE
  const parts = strings.map(
    (leaf): TextPart => ({
      start: leaf.start,
      end: leaf.end,
      escaping: 'plain',
      field: leaf.path,
      isEditable: false,
      ...(leaf.isText ? {} : { isName: true }),
    }),
  )
  return { ok: true, parts, model: null }
}

/**
 * Parts of all messages of a framed body, one after the other and under the same names, so that a stream's findings fold.
 * Compressed messages must have been undone before (`flow/framed-body.ts`): as they are they count as binary.
 */
export function framedParts(body: Uint8Array, framing: Framing, keys: JsonKeys): TextParts {
  if (framing.isBase64 || framing.codec === 'other') return BINARY
  const parts: TextPart[] = []
  let model: string | null = null
  let end = 0
  for (const frame of framesOf(body)) {
    end = frame.end
    const kind = frameKind(framing, frame.flags)
    if (kind === null) return UNPARSABLE
    if ((frame.flags & FRAME_COMPRESSED) !== 0) return BINARY
    const isProtobuf = kind === 'message' && framing.codec === 'proto'
    const found = isProtobuf ? protobufParts(body, frame.start, frame.end) : textMessage(body, frame, kind, keys)
    if (!found.ok) return found
    for (const part of found.parts) parts.push(part)
    if (parts.length > MAX_PARTS) return UNPARSABLE
    model ??= found.model
  }
  return end === body.length ? { ok: true, parts, model } : UNPARSABLE
}

interface Span {
  readonly start: number
  readonly end: number
}

/** A JSON message, or what ends a stream: JSON in Connect, header lines in gRPC-Web. */
function textMessage(body: Uint8Array, { start, end }: Span, kind: 'message' | 'end', keys: JsonKeys): TextParts {
  if (start === end) return { ok: true, parts: [], model: null }
  const json = jsonParts({ body, keys, start, end, isFixed: true })
  if (json.ok) return json
  if (kind === 'message') return UNPARSABLE
  return { ok: true, parts: [{ start, end, escaping: 'plain', field: 'trailers', isEditable: false }], model: null }
}
