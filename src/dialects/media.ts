/**
 * Tells base64 pictures, sounds and PDF documents from text. They are reported apart from
 * all other string leaves: scanning megabytes of them as they stand finds nothing but chance matches. Because a claim (`type: base64`,
 * `data:image/png;…`) could hide text, a leaf counts as media only when its bytes say so themselves.
 */
import { Buffer } from 'node:buffer'

/** Shorter leaves are looked at: no real picture is that small, but most keys are. */
const MIN_MEDIA_CHARS = 256

/** Base64 of the first bytes of PNG, JPEG, GIF, WebP/WAV, PDF, BMP, TIFF, MP3, Ogg, FLAC, WebM. */
const MAGIC = [
  'iVBORw0KGgo',
  '/9j/',
  'R0lGOD',
  'UklGR',
  'JVBERi0',
  'SUkqA',
  'TU0AK',
  'SUQz',
  '//uQ',
  '//s',
  'T2dnUw',
  'ZkxhQw',
  'GkXfo',
]

/** Longest `data:…;base64,` prefix that is looked for, in bytes. */
const MAX_PREFIX = 120
const PREFIX = /^data:[a-z0-9.+/-]{1,60}(?:;[a-z0-9=.+-]{1,20}){0,2};base64,/iu

/** First letters of all of them, so that ordinary text is let go after one byte. */
const FIRST = new Uint8Array(256)
for (const letter of ['d', 'D', 'A', '\\', ...MAGIC.map((magic) => magic.charAt(0))]) FIRST[letter.charCodeAt(0)] = 1

/** Is the string leaf between `start` and `end` a base64 picture, sound or PDF, with or without a `data:` prefix? */
export function isBase64Media(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < MIN_MEDIA_CHARS || FIRST[bytes[start] ?? 0] !== 1) return false
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, MAX_PREFIX + 24).toString('latin1')
  const prefix = PREFIX.exec(head)?.[0].length ?? 0
  const first = head.slice(prefix).replaceAll('\\/', '/')
  // ISO media (MP4, HEIC, AVIF): the size of the first box, then `ftyp`.
  const isMedia = MAGIC.some((magic) => first.startsWith(magic)) || /^AAAA..Z0eX/u.test(first)
  return isMedia && isBase64(bytes, start + prefix, end)
}

const ALPHABET = new Uint8Array(256)
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-')
  ALPHABET[letter.charCodeAt(0)] = 1

/** Only letters of base64; a slash may be escaped as JSON allows it. */
function isBase64(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0
    if (ALPHABET[byte] === 1) continue
    if (byte !== 0x5c || bytes[index + 1] !== 0x2f) return false
  }
  return true
}
