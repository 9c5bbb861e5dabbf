/**
 * JSON as RFC 8785 writes it: keys in the order of their UTF-16 code units, numbers as ECMAScript prints them. Members
 * that are `undefined` are left out; a lone surrogate, which the RFC does not know, becomes U+FFFD.
 */

type Json = Readonly<Record<string, unknown>>

/**
 * Throws on what JSON cannot say: functions, symbols, big integers, numbers that are not finite. Putting keys in order
 * and having V8 write the whole is three times as fast as writing piece by piece, which is left for rare values.
 */
export function canonicalJson(value: unknown): string {
  const odd = { isFound: false }
  const json = JSON.stringify(inOrder(value, odd))
  // A lone surrogate is written as an escape; nothing else needs one that begins so.
  return odd.isFound || json.includes('\\ud') ? piecewise(value) : json
}

/** A copy with its keys in order. `odd`: there is a key that an object of JavaScript puts elsewhere or hides. */
function inOrder(value: unknown, odd: { isFound: boolean }): unknown {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Array.isArray(value)) return value.map((item) => inOrder(item ?? null, odd))
  const copy: Record<string, unknown> = {}
  const keys = Object.keys(value)
  for (const key of isSorted(keys) ? keys : keys.sort()) {
    const member = (value as Json)[key]
    if (member === undefined) continue
    if (/^(?:\d|__proto__$)/u.test(key)) odd.isFound = true
    else copy[key] = inOrder(member, odd)
  }
  return copy
}

function scalar(value: unknown): unknown {
  const isJson = typeof value === 'string' || typeof value === 'boolean' || value === null
  if (isJson || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new TypeError(`no JSON: ${typeof value}`)
}

function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) if ((keys[at - 1] ?? '') > (keys[at] ?? '')) return false
  return true
}

function piecewise(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => piecewise(item ?? null)).join(',')}]`
  const members = Object.keys(value)
    .sort()
    .filter((key) => (value as Json)[key] !== undefined)
    .map((key) => `${JSON.stringify(key.toWellFormed())}:${piecewise((value as Json)[key])}`)
  return `{${members.join(',')}}`
}
