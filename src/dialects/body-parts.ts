/**
 * Text parts of a request body of any content type: JSON, JSON lines, form, multipart, protobuf, plain text.
 * The bytes decide before the content type does: `curl -d '{…}'` calls JSON a form, browsers call it `text/plain`.
 */
import { Buffer, isUtf8 } from 'node:buffer'
import { formSpans } from '../wire/form-spans.ts'
import { framingOf } from '../wire/grpc-frames.ts'
import { cutMultipart, type MultipartPart, multipartBoundary } from '../wire/multipart.ts'
import type { PartsMemory, TextPart, TextParts } from './dialect.ts'
import { formatField, type JsonKeys, jsonParts, jsonPartsOfBody } from './json-parts.ts'
import { framedParts, protobufParts } from './protobuf-parts.ts'
import { mediaType } from './wire-shape.ts'

const UNPARSABLE: TextParts = { ok: false, unread: 'unparsable' }
const BINARY: TextParts = { ok: false, unread: 'binary' }

/** Types whose bytes are frames or messages even where they happen to look like text. */
const BINARY_TYPES =
  /^(?:application\/(?:grpc|connect\+|vnd\.amazon\.eventstream|msgpack|x-msgpack|cbor|gzip|zip|zstd)|image\/|audio\/|video\/|font\/)/u
const PROTOBUF_TYPES = /^application\/(?:proto|protobuf|x-protobuf|vnd\.google\.protobuf)$/u

/** Text parts of `body`, JSON leaves named by `keys`. An empty body has no parts. */
export function bodyTextParts(
  body: Uint8Array,
  contentType: string | null,
  keys: JsonKeys,
  memory?: PartsMemory,
): TextParts {
  if (body.length === 0) return { ok: true, parts: [], model: null }
  const type = mediaType(contentType)
  const framing = framingOf(contentType)
  if (framing !== null) return framedParts(body, framing, keys)
  if (BINARY_TYPES.test(type) || !isReadCharset(contentType)) return BINARY
  if (isContainer(body) || isJsonType(type)) {
    const json = jsonPartsOfBody(body, keys, memory)
    if (json.ok) return json
    if (isJsonType(type)) return UNPARSABLE
  }
  if (PROTOBUF_TYPES.test(type)) return protobufParts(body)
  if (isJsonLinesType(type)) return jsonLines(body, keys)
  if (type.startsWith('multipart/')) return multipart(body, contentType ?? '', keys)
  if (!isText(body)) return BINARY
  if (type === 'application/x-www-form-urlencoded') return form(body)
  return { ok: true, parts: plainParts(body, 0, body.length, ''), model: null }
}

/**
 * The same for dialects that speak JSON only: what begins like JSON must be JSON, whatever its type claims. Else a fault
 * that a lenient server forgives would turn escaped text into plain text, and `\u0041KIA…` into no finding.
 */
export function jsonBodyParts(
  body: Uint8Array,
  contentType: string | null,
  keys: JsonKeys,
  memory?: PartsMemory,
): TextParts {
  if (!isContainer(body) || !isReadCharset(contentType)) return bodyTextParts(body, contentType, keys, memory)
  const json = jsonPartsOfBody(body, keys, memory)
  return json.ok ? json : UNPARSABLE
}

/** Character sets in which ASCII is written as it is. In others, UTF-7 for one, text is not what it looks like. */
function isReadCharset(contentType: string | null): boolean {
  const named = (contentType ?? '').matchAll(/;\s*charset\s*=\s*["']?([^\s;"']*)/giu)
  // Which of several counts is the server's to say.
  return [...named].every(([, charset = '']) => READ_CHARSET.test(charset))
}

const READ_CHARSET = /^(?:|binary|utf-?8|us-ascii|ascii|latin-?1|iso-8859-\d{1,2}|windows-125\d|gbk|gb2312|gb18030)$/iu

const isJsonType = (type: string): boolean =>
  type === 'application/json' || type === 'text/json' || type.endsWith('+json')

const isJsonLinesType = (type: string): boolean =>
  /^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/u.test(type)

/** UTF-8 without NUL. Other character sets are not read: they count as binary. */
const isText = (bytes: Uint8Array): boolean => isUtf8(bytes) && !bytes.includes(0)

/** First byte after a byte order mark and JSON white space. */
function firstByte(body: Uint8Array): number {
  let at = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1
  return body[at] ?? 0
}

const plainPart = (start: number, end: number, field: string): TextPart => ({
  start,
  end,
  escaping: 'plain',
  field,
  isEditable: true,
})

/**
 * Text as it is; where it holds escapes of JSON a second time with these undone: what is no JSON to us, for a comment in
 * front or a comma too much, may be some to a lenient server.
 */
function plainParts(body: Uint8Array, start: number, end: number, field: string): TextPart[] {
  const plain = plainPart(start, end, field)
  const text = Buffer.from(body.buffer, body.byteOffset + start, end - start)
  return text.includes('\\u') || text.includes('\\/') ? [plain, { ...plain, escaping: 'json' }] : [plain]
}

/** Parts, and JSON lines, beyond which a body counts as unparsable: inspection must not fill the heap. */
const MAX_PARTS = 500_000
const MAX_LINES = 100_000

/** One document a line; RFC 7464's record separators are white space to us. */
function jsonLines(body: Uint8Array, keys: JsonKeys): TextParts {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length)
  const parts: TextPart[] = []
  const media: TextPart[] = []
  let model: string | null = null
  for (let start = 0, line = 0; start < buffer.length; line += 1) {
    const next = buffer.indexOf(0x0a, start)
    const end = next < 0 ? buffer.length : next
    const from = buffer[start] === 0x1e ? start + 1 : start
    if (buffer.toString('latin1', from, end).trim() !== '') {
      const json = jsonParts({ body, keys, start: from, end, within: `[${String(line)}]` })
      if (!json.ok || parts.length > MAX_PARTS || line > MAX_LINES) return UNPARSABLE
      for (const part of json.parts) parts.push(part)
      media.push(...(json.media ?? []))
      model ??= json.model
    }
    start = end + 1
  }
  return { ok: true, parts, model, ...(media.length === 0 ? {} : { media }) }
}

/** Field names are data of the sender only when they are long or odd; then they are parts too. */
function form(body: Uint8Array): TextParts {
  const spans = formSpans(body)
  if (spans === null) return UNPARSABLE
  const all = spans.flatMap((span) => {
    const field = span.name === '' ? '' : formatField([span.name])
    const parts: TextPart[] = []
    if (field === '*' && span.nameEnd > span.nameStart) {
      parts.push({ start: span.nameStart, end: span.nameEnd, escaping: 'form', field, isEditable: true })
    }
    if (span.end > span.start) {
      parts.push({ start: span.start, end: span.end, escaping: 'form', field, isEditable: true })
    }
    return parts
  })
  return { ok: true, parts: all, model: null }
}

/** Bytes with which pictures, sounds and PDF documents begin: of such a part only what it says is read, as of its base64 in JSON. */
const MEDIA_START = /^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF-|ID3|OggS|fLaC|.{4}ftyp)/su

/** One byte in so many is no printable ASCII: in pictures, sounds and compressed documents one in two is. */
const MEDIA_SHARE = 8

function multipart(body: Uint8Array, contentType: string, keys: JsonKeys): TextParts {
  const boundary = multipartBoundary(contentType)
  const cut = boundary === null ? null : cutMultipart(body, boundary)
  if (cut === null || !cut.ok) return UNPARSABLE
  if (cut.outside.some(({ start, end }) => !isText(body.subarray(start, end)))) return BINARY
  const parts: TextPart[] = cut.outside.map(({ start, end }) => plainPart(start, end, 'outside'))
  const media: TextPart[] = []
  let model: string | null = null
  for (const part of cut.parts) {
    const field = part.name === null ? '*' : formatField([part.name])
    // Names and file names are the sender's words too.
    if (part.headerEnd > part.headerStart) parts.push(plainPart(part.headerStart, part.headerEnd, `${field}.headers`))
    const content = contentParts(body, part, field, keys)
    if (content === null) return BINARY
    if (parts.length > MAX_PARTS) return UNPARSABLE
    for (const text of content.parts) parts.push(text)
    media.push(...(content.media ?? []))
    model ??= part.name === 'model' ? Buffer.from(body.subarray(part.start, part.end)).toString('utf8') : content.model
  }
  return { ok: true, parts, model, ...(media.length === 0 ? {} : { media }) }
}

/** Text parts of one part's content: JSON leaves, or all of it; `null` for what cannot be read. */
function contentParts(
  body: Uint8Array,
  part: MultipartPart,
  within: string,
  keys: JsonKeys,
): { parts: TextPart[]; model: string | null; media?: readonly TextPart[] } | null {
  const { start, end, contentType } = part
  const content = body.subarray(start, end)
  if (content.length === 0) return { parts: [], model: null }
  if (!isReadCharset(contentType) || isHidden(body, part)) return null
  if (isMedia(content, contentType)) {
    const media: TextPart = { start, end, escaping: 'plain', field: within, isEditable: false, isMedia: true }
    return { parts: [], model: null, media: [media] }
  }
  const json = isContainer(content) ? jsonParts({ body, keys, start, end, within }) : null
  if (json?.ok === true) return json
  return isText(content) ? { parts: plainParts(body, start, end, within), model: null } : null
}

/** Is a part written as mail is (RFC 2045 section 6), in a way that is not looked behind? Base64 is. */
function isHidden(body: Uint8Array, { headerStart, headerEnd }: MultipartPart): boolean {
  const lines = Buffer.from(body.buffer, body.byteOffset + headerStart, headerEnd - headerStart).toString('latin1')
  const coding = /^content-transfer-encoding[ \t]*:[ \t]*([^\s;]*)/imu.exec(lines)?.[1]
  return coding !== undefined && !/^(?:|7bit|8bit|binary|base64)$/iu.test(coding)
}

/** Of a part's content. What its sender calls text, or what is text but for its beginning, is none: a model would read it. */
function isMedia(content: Uint8Array, contentType: string | null): boolean {
  if (isText(content) || !MEDIA_START.test(String.fromCharCode(...content.subarray(0, 12)))) return false
  const type = mediaType(contentType)
  if (type.startsWith('text/') || isJsonType(type) || isJsonLinesType(type) || type.endsWith('xml')) return false
  // Nobody but a reader of PDF takes it then, and one without compression is all text.
  if (type === 'application/pdf') return true
  let foreign = 0
  for (const byte of content) if (byte >= 0x80 || (byte < 0x20 && byte !== 0x0a && byte !== 0x0d)) foreign += 1
  return foreign * MEDIA_SHARE >= content.length
}

const isContainer = (body: Uint8Array): boolean => {
  const first = firstByte(body)
  return first === 0x7b || first === 0x5b
}
