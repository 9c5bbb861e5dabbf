/** JSON Web Tokens (RFC 7519): three base64url parts of which the first must decode to a JOSE header. */
import { Buffer } from 'node:buffer'

/** Is it a compact JWS or JWE with a readable header that names an algorithm? */
export function isJwt(token: string): boolean {
  if (!endsInBrace(token, token.indexOf('.'))) return false
  const parts = token.split('.')
  if (parts.length !== 3 && parts.length !== 5) return false
  const header = decodeJson(parts[0] ?? '')
  if (typeof header?.['alg'] !== 'string') return false
  if (parts.length === 5) return true
  const claims = decodeJson(parts[1] ?? '')
  return claims !== null && claims['name'] !== 'John Doe' // the token that every tutorial shows
}

/** By character code, the six bits that a character of base64url stands for; 64: it is none. */
const SIX_BITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(String.fromCharCode(code))
  return at === -1 ? 64 : at
})
const CLOSING_BRACE = 0x7d

/** A quick no: is the last byte of what ends at `end` the end of an object? Yes where it cannot be told. */
function endsInBrace(token: string, end: number): boolean {
  const length = end - (end % 4 === 1 ? 1 : 0)
  const before = SIX_BITS[token.charCodeAt(length - 2)] ?? 64
  const last = SIX_BITS[token.charCodeAt(length - 1)] ?? 64
  if (end < 4 || before === 64 || last === 64) return true
  return (bitsOf(length % 4, before, last) & 0xff) === CLOSING_BRACE
}

/** The last byte, from the last two characters; two or three in the last group hold four or two bits too many. */
function bitsOf(inLastGroup: number, before: number, last: number): number {
  const bits = (before << 6) | last
  if (inLastGroup === 2) return bits >> 4
  return inLastGroup === 3 ? bits >> 2 : bits
}

function decodeJson(part: string): Record<string, unknown> | null {
  const text = Buffer.from(part, 'base64url').toString('utf8')
  if (!text.startsWith('{') || !text.endsWith('}')) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null // not JSON: not a token
  }
}
