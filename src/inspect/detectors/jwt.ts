/** JSON Web Tokens (RFC 7519): three base64url parts of which the first must decode to a JOSE header. */
import { Buffer } from 'node:buffer'

/** Is it a compact JWS or JWE with a readable header that names an algorithm? */
export function isJwt(token: string): boolean {
  const parts = token.split('.')
  if (parts.length !== 3 && parts.length !== 5) return false
  const header = decodeJson(parts[0] ?? '')
  if (typeof header?.['alg'] !== 'string') return false
  if (parts.length === 5) return true
  const claims = decodeJson(parts[1] ?? '')
  return claims !== null && claims['name'] !== 'John Doe' // the token that every tutorial shows
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
