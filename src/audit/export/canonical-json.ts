/**
 * JSON as RFC 8785 writes it: keys in the order of their UTF-16 code units, numbers as ECMAScript prints them. Members
 * that are `undefined` are left out; a lone surrogate, which the RFC does not know, becomes U+FFFD.
 */

/** Throws on what JSON cannot say: functions, symbols, big integers, numbers that are not finite. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.isWellFormed() ? value : value.toWellFormed())
  if (typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object') return canonicalObject(value as Readonly<Record<string, unknown>>)
  throw new TypeError(`no JSON: ${typeof value}`)
}

function canonicalObject(value: Readonly<Record<string, unknown>>): string {
  let json = ''
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member === undefined) continue
    json += `${json === '' ? '{' : ','}${JSON.stringify(key.toWellFormed())}:${canonicalJson(member)}`
  }
  return json === '' ? '{}' : `${json}}`
}
