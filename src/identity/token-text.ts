/** How a personal proxy token is written, and how one comes in a `Proxy-Authorization: Basic` line. */
import { randomBytes } from 'node:crypto'

/** `weir_pt_<id>_<secret>`: scanners of repositories and our own detectors know it by its head. URL-safe as it stands. */
export interface TokenText {
  /** 64 random bits, hex: names the token, is no secret. */
  readonly id: string
  /** 160 random bits, base32. */
  readonly secret: string
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const SECRET_BYTES = 20
const SHAPE = /^weir_pt_([0-9a-f]{16})_([a-z2-7]{32})$/u

/** A new token. */
export function makeTokenText(): TokenText {
  return { id: randomBytes(8).toString('hex'), secret: base32(randomBytes(SECRET_BYTES)) }
}

export const formatToken = ({ id, secret }: TokenText): string => `weir_pt_${id}_${secret}`

/** `null`: not the text of a token. */
export function parseToken(text: string): TokenText | null {
  const match = SHAPE.exec(text)
  return match === null ? null : { id: match[1] ?? '', secret: match[2] ?? '' }
}

/** RFC 4648 section 6, lower case. 20 bytes fill 32 letters, so there is no padding. */
function base32(bytes: Uint8Array): string {
  let text = ''
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    text += ALPHABET[(pair >> (11 - (bit & 7))) & 31] ?? ''
  }
  return text
}

/** Longest `user:password` that is looked at, in characters of base64. */
const MAX_BASIC = 1024

/** User and password of a Basic credential (RFC 7617 section 2), UTF-8; `null` when it is none. */
export function parseBasic(credential: string): { readonly user: string; readonly password: string } | null {
  if (credential.length > MAX_BASIC || !/^[A-Za-z0-9+/]+={0,2}$/u.test(credential)) return null
  const bytes = Buffer.from(credential, 'base64')
  const text = bytes.toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1 || text.includes('\ufffd') || /\p{Cc}/u.test(text)) return null
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
