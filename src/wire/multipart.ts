/** Cuts a `multipart/*` body into its parts as byte spans (RFC 2046 section 5.1, RFC 7578); copies nothing. */
import { Buffer } from 'node:buffer'

/** One part; offsets are bytes. The header block ends before its empty line. */
export interface MultipartPart {
  readonly headerStart: number
  readonly headerEnd: number
  readonly start: number
  readonly end: number
  /** `name` of `content-disposition`, as written. */
  readonly name: string | null
  readonly contentType: string | null
}

export type MultipartResult =
  | {
      readonly ok: true
      readonly parts: readonly MultipartPart[]
      /** Bytes before the first delimiter and after the last: nobody reads them, so text can hide there. */
      readonly outside: readonly { readonly start: number; readonly end: number }[]
    }
  | { readonly ok: false; readonly problem: string }

/** More parts than any client sends; beyond it a body counts as unparsable. */
export const MULTIPART_MAX_PARTS = 1000

/** The boundary that a content type names; `null` when it is no multipart type or names none. */
export function multipartBoundary(contentType: string): string | null {
  if (!/^multipart\//iu.test(contentType.trim())) return null
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/iu.exec(contentType)
  return match?.[1] ?? match?.[2] ?? null
}

/** Cut at the boundary. A body without its closing delimiter, or a part without a header end, is refused. */
export function cutMultipart(bytes: Uint8Array, boundary: string): MultipartResult {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const delimiters = findDelimiters(buffer, `--${boundary}`)
  const last = delimiters.at(-1)
  const first = delimiters[0]
  if (delimiters.length > MULTIPART_MAX_PARTS) return { ok: false, problem: 'too many parts' }
  if (first === undefined || last?.isClosing !== true) return { ok: false, problem: 'no closing delimiter' }
  const parts: MultipartPart[] = []
  for (let index = 0; index + 1 < delimiters.length; index += 1) {
    const from = delimiters[index]
    const to = delimiters[index + 1]
    if (from === undefined || to === undefined) continue
    const part = readPart(buffer, from.end, Math.max(from.end, to.start))
    if (part === null) return { ok: false, problem: 'a part without an end of its headers' }
    parts.push(part)
  }
  const outside = [
    { start: 0, end: first.start },
    { start: last.end, end: buffer.length },
  ].filter(({ start, end }) => buffer.toString('latin1', start, end).trim() !== '')
  return { ok: true, parts, outside }
}

interface Delimiter {
  /** Where the line break before it begins: that belongs to the delimiter. */
  readonly start: number
  readonly end: number
  readonly isClosing: boolean
}

/** Delimiter lines up to and with the first closing one. */
function findDelimiters(buffer: Buffer, marker: string): Delimiter[] {
  const found: Delimiter[] = []
  for (let at = buffer.indexOf(marker); at >= 0; at = buffer.indexOf(marker, at + marker.length)) {
    const delimiter = delimiterAt(buffer, at, marker.length)
    if (delimiter === null) continue
    found.push(delimiter)
    if (delimiter.isClosing || found.length > MULTIPART_MAX_PARTS) break
  }
  return found
}

function delimiterAt(buffer: Buffer, at: number, length: number): Delimiter | null {
  if (at > 0 && buffer[at - 1] !== 0x0a) return null
  const isClosing = buffer[at + length] === 0x2d && buffer[at + length + 1] === 0x2d
  const end = lineRestEnd(buffer, at + length + (isClosing ? 2 : 0), isClosing)
  if (end < 0) return null
  const lineBreak = at === 0 ? 0 : buffer[at - 2] === 0x0d ? 2 : 1
  return { start: at - lineBreak, end, isClosing }
}

/** Behind the white space and line break that end a delimiter line; the last one may end with the body. -1: no delimiter. */
function lineRestEnd(buffer: Buffer, from: number, isClosing: boolean): number {
  let end = from
  while (buffer[end] === 0x20 || buffer[end] === 0x09) end += 1
  if (buffer[end] === 0x0a) return end + 1
  if (buffer[end] === 0x0d && buffer[end + 1] === 0x0a) return end + 2
  return isClosing && end >= buffer.length ? end : -1
}

function readPart(buffer: Buffer, start: number, end: number): MultipartPart | null {
  const headers = headerBlockEnd(buffer, start, end)
  if (headers === null) return null
  const text = buffer.toString('utf8', start, headers.end)
  const disposition = headerLine(text, 'content-disposition')
  const name = /;\s*name=(?:"((?:[^"\\]|\\.){0,500})"|([^\s;"]{1,500}))/iu.exec(disposition ?? '')
  return {
    headerStart: start,
    headerEnd: headers.end,
    start: headers.bodyStart,
    end,
    name: name?.[1] ?? name?.[2] ?? null,
    contentType: headerLine(text, 'content-type'),
  }
}

/** The header block ends at the first empty line; a part may begin with it. */
function headerBlockEnd(buffer: Buffer, start: number, end: number): { end: number; bodyStart: number } | null {
  for (let line = start; line < end; ) {
    const next = buffer.indexOf(0x0a, line)
    if (next < 0 || next >= end) break
    if (next === line || (next === line + 1 && buffer[line] === 0x0d)) return { end: line, bodyStart: next + 1 }
    line = next + 1
  }
  // A part without a body ends right behind its headers: the delimiter took the last line break.
  return start === end ? { end, bodyStart: end } : null
}

function headerLine(block: string, name: string): string | null {
  for (const line of block.split(/\r?\n/u)) {
    const colon = line.indexOf(':')
    if (colon > 0 && line.slice(0, colon).trim().toLowerCase() === name) return line.slice(colon + 1).trim()
  }
  return null
}
