/**
 * Makes fields fit for the operational log: secrets, bodies, header values, queries and PEM keys never get through,
 * whatever a caller passes by mistake. A second line of defence: callers do not log these in the first place.
 */

const REDACTED = '[redacted]'
const MAX_TEXT = 2000
const MAX_DEPTH = 4
const MAX_ENTRIES = 50

/** Field names whose values may hold a secret or what a person wrote, compared without case, `-` and `_`. */
const SECRET_NAME =
  /(?:pass(?:word|phrase|wd)?|secret|token|credential|cookie|authorization|apikey|privatekey|signature|pem|pfx|pkcs12)s?$|^(?:key|auth|bearer|cert|body|headers?|rawheaders|query|search|querystring|text|prompt|content|value)$/u

/** Numbers and booleans under a secret-like name are sizes and flags (`tokens: 812`) and stay. */
const isSecretName = (name: string): boolean => SECRET_NAME.test(name.toLowerCase().replace(/[-_]/gu, ''))

const URL_TAIL = /\b([a-z][a-z\d+.-]{1,20}:\/\/)(?:[^\s/?#@]*@)?([^\s?#"'`]*)[?#][^\s"'`]*/giu
const URL_USER = /\b([a-z][a-z\d+.-]{1,20}:\/\/)[^\s/?#@]*@/giu
const PATH_QUERY = /^(\/[^\s?#]*)[?#].*$/su
const PEM = /-----BEGIN [A-Z0-9 ]{1,60}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,60}-----|$)/gu
const AUTH_SCHEME = /\b(bearer|basic|negotiate|digest|ntlm)\s+[\w.~+/=-]{6,}/giu
const KEY_SHAPE = /\b(?:sk|rk|pk|ghp|gho|ghs|ghu|xox[abprs])[-_][\w-]{12,}/gu
/** JSON escapes C0 itself; DEL, C1, line separators and direction marks would still reach a terminal. */
const UNSAFE_CHARACTER = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** Text without user info, queries, PEM blocks, credentials and characters that steer a terminal; cut at 2000 characters. */
export function scrubText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return cut
    .replace(PEM, '[pem]')
    .replace(URL_TAIL, '$1$2')
    .replace(URL_USER, '$1')
    .replace(PATH_QUERY, '$1')
    .replace(AUTH_SCHEME, `$1 ${REDACTED}`)
    .replace(KEY_SHAPE, REDACTED)
    .replace(UNSAFE_CHARACTER, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function scrubError(error: Error, depth: number): Readonly<Record<string, unknown>> {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  return {
    type: error.name,
    message: scrubText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: scrubText(error.stack) }),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: scrubValue(cause, depth + 1) }),
  }
}

function scrubObject(value: object, depth: number): unknown {
  if (value instanceof Error) return scrubError(value, depth)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (depth >= MAX_DEPTH) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry: unknown) => scrubValue(entry, depth + 1))
  // Class instances (sockets, requests, contexts) hold keys and header values in places no list can name.
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return '[object]'
  return scrubEntries(value as Readonly<Record<string, unknown>>, depth + 1)
}

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  return typeof value === 'object' && value !== null ? scrubObject(value, depth) : value
}

function scrubEntries(fields: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const name of Object.keys(fields).slice(0, MAX_ENTRIES)) {
    const value = fields[name]
    const isSecret = isSecretName(name) && value !== null && ['string', 'object'].includes(typeof value)
    clean[scrubText(name)] = isSecret ? REDACTED : scrubValue(value, depth)
  }
  return clean
}

/** A copy of log fields that is safe to write; the input stays as it is. Never throws. */
export function scrubFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return scrubEntries(fields, 0)
  } catch {
    // A getter that throws: losing the fields is better than losing the flow.
    return { fields: '[unreadable]' }
  }
}
