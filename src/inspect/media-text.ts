/**
 * The words in a picture's metadata and in a PDF document, as far as they can be had cheaply: printable runs, and the
 * strings that the page contents of a PDF show (ISO 32000-1, 9.4.3). Glyphs by number and scanned pages stay unread.
 */
import type { Buffer } from 'node:buffer'
import { constants, inflateSync } from 'node:zlib'

/** Metadata stands at the beginning (JPEG, XMP) or at the end (PNG, PDF). */
const EDGE_BYTES = 131_072
const SHORTEST_RUN = 8
/** Streams of a PDF that are looked into, and what they may yield. */
const MAX_STREAMS = 500
const MAX_STREAM_BYTES = 2_097_152
const MAX_TEXT_CHARS = 8_388_608
/** Before `stream`: the dictionary that says how it is packed. */
const DICTIONARY_CHARS = 400

/** Never throws; time and room are bounded. */
export function mediaText(bytes: Buffer): string {
  const edges = [printableRuns(bytes.subarray(0, EDGE_BYTES))]
  if (bytes.length > EDGE_BYTES) edges.push(printableRuns(bytes.subarray(-EDGE_BYTES)))
  if (bytes.toString('latin1', 0, 5) === '%PDF-') edges.push(...pdfTexts(bytes))
  return edges.join('\n')
}

const printableRuns = (bytes: Buffer): string =>
  (bytes.toString('latin1').match(new RegExp(`[\\x20-\\x7e]{${SHORTEST_RUN},}`, 'g')) ?? []).join('\n')

function* pdfTexts(bytes: Buffer): Generator<string> {
  let chars = 0
  let at = bytes.indexOf('stream')
  for (let count = 0; at !== -1 && count < MAX_STREAMS && chars < MAX_TEXT_CHARS; count += 1) {
    const end = bytes.indexOf('endstream', at)
    if (end === -1) return
    const dictionary = bytes.toString('latin1', Math.max(0, at - DICTIONARY_CHARS), at)
    const text = shownText(
      contentOf(bytes.subarray(at + 'stream'.length, end), dictionary.slice(dictionary.lastIndexOf('obj'))),
    )
    chars += text.length
    yield text
    at = bytes.indexOf('stream', end + 'endstream'.length)
  }
}

/** The stream as it is meant; empty for pictures and fonts, and for what is packed in another way. */
function contentOf(stream: Buffer, dictionary: string): string {
  if (/\/Subtype\s*\/(?:Image|Type1C|CIDFont)|\/Length1\b/.test(dictionary)) return ''
  const data = stream.subarray(stream[0] === 0x0d ? 2 : 1)
  if (!dictionary.includes('/Filter')) return data.toString('latin1', 0, MAX_STREAM_BYTES)
  if (!/\/Filter\s*\[?\s*\/FlateDecode\s*\]?/.test(dictionary)) return ''
  try {
    const options = { maxOutputLength: MAX_STREAM_BYTES, finishFlush: constants.Z_SYNC_FLUSH }
    return inflateSync(data, options).toString('latin1')
  } catch {
    return '' // broken, or larger than any page
  }
}

/** Strings, hexadecimal strings, wide gaps between them, and what begins a new line. */
const SHOWN = /\((?:\\[^]|[^\\()])*\)|<[0-9A-Fa-f\s]{2,}>|-\d{3,}|\bT(?:[dDm]\b|\*)|\bET\b/g

function shownText(content: string): string {
  let text = ''
  for (const [token] of content.matchAll(SHOWN)) {
    if (token.startsWith('(')) text += unescaped(token.slice(1, -1))
    else if (token.startsWith('<')) text += byHexadecimal(token)
    else text += token.startsWith('-') ? ' ' : '\n'
  }
  return text
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '\n': '' }

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{1,3}|[^])/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (ESCAPES[code] ?? code),
  )

/** One byte a character, or two of which the first is 0. */
function byHexadecimal(token: string): string {
  const digits = token.replace(/[^0-9A-Fa-f]/g, '')
  let text = ''
  for (let at = 0; at + 1 < digits.length; at += 2) {
    const code = Number.parseInt(digits.slice(at, at + 2), 16)
    if (code !== 0) text += String.fromCharCode(code)
  }
  return text
}
