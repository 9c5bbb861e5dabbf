/**
 * JSON text that RFC 8785 (JSON Canonicalization Scheme) and every reader agree on. The scheme writes a direction
 * override or a line separator as it is, and knows no lone surrogates; so such text is changed in its value first: the
 * character U+202E becomes the six visible characters `\u202e`, a lone surrogate becomes U+FFFD.
 */
import canonicalize from 'canonicalize'

/** JSON of an admin value is at most this long. */
const MAX_VALUE_CHARS = 8192

/**
 * JSON already escapes what is below U+0020, and RFC 8785 wants exactly those escapes. These are line breaks or
 * direction marks to some reader, terminal or editor: DEL, C1 controls, Arabic letter mark, LRM/RLM, line separators,
 * bidi overrides and isolates, byte order mark.
 */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu')
/** An escape of JSON text; `JSON.stringify` escapes a surrogate only when it stands alone. */
const ESCAPE_ALL = /\\(?:u(?:d[89a-f][0-9a-f]{2}|[0-9a-f]{4})|.)/gu

/** JSON of a value whose keys are in order already; all its text, keys too, made inert. `undefined` is not for it. */
export function inertJson(value: object | string): string {
  const json = JSON.stringify(value)
  const paired = json.includes('\\ud') ? json.replace(ESCAPE_ALL, withoutSurrogate) : json
  if (!UNSAFE.test(paired)) return paired
  return paired.replace(UNSAFE_ALL, (char) => `\\\\u${hexOf(char)}`)
}

const withoutSurrogate = (escape: string): string => (/^\\ud[89a-f]/u.test(escape) ? '\ufffd' : escape)

/**
 * Canonical JSON text of any value, inert. Too large a value is replaced by its size (an audit line is no store for
 * documents), one that is no JSON by null. Not by way of `JSON.parse`: V8 13.6 gives an object the key of another one
 * when both have a backslash in the JSON of a key.
 */
export function canonicalText(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) return 'null'
  if (json.length > MAX_VALUE_CHARS) return `{"truncatedChars":${json.length}}`
  return canonicalize(inert(value)) ?? 'null'
}

function inert(value: unknown): unknown {
  if (typeof value === 'string') return inertText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  const { toJSON } = value as { readonly toJSON?: unknown }
  if (typeof toJSON === 'function') return inert((toJSON as () => unknown).call(value))
  if (Array.isArray(value)) return Array.from(value, inert)
  const copy = Object.create(null) as Record<string, unknown>
  for (const [key, part] of Object.entries(value)) copy[inertText(key)] = inert(part)
  return copy
}

const inertText = (text: string): string => text.toWellFormed().replace(UNSAFE_ALL, (char) => `\\u${hexOf(char)}`)
const hexOf = (char: string): string => char.charCodeAt(0).toString(16).padStart(4, '0')
