/**
 * Path patterns of catalogue endpoints, and the readings of a request path on which they are decided.
 * Matching is linear in the path, and no spelling of a path (escapes, dots, doubled slashes) hides it.
 */

/** One segment: the texts between its stars. `['v1']` is literal, `['', '']` is `*`, `['', ':count']` is `*:count`. */
type Segment = readonly string[]

export interface PathPattern {
  readonly text: string
  readonly segments: readonly Segment[]
  /** Ends in `**`: any further segments, also none. */
  readonly hasRest: boolean
  /** Segments with fixed text; more of them is more specific. */
  readonly literalSegments: number
}

export type PathPatternResult =
  | { readonly ok: true; readonly pattern: PathPattern }
  | { readonly ok: false; readonly problem: string }

/** Parse `/a/*` (one segment), `/a/*:verb` (part of one), `/a/**` (the rest). */
export function parsePathPattern(text: string): PathPatternResult {
  const refuse = (problem: string): PathPatternResult => ({ ok: false, problem })
  if (!text.startsWith('/')) return refuse('a path starts with `/`')
  if (/[?#%\\\s]/u.test(text)) return refuse('a path holds no query, fragment, escape or space')
  const parts = text === '/' ? [] : text.slice(1).split('/')
  const hasRest = parts.at(-1) === '**'
  if (hasRest) parts.pop()
  if (parts.some((part) => part.includes('**'))) return refuse('`**` stands only as the last segment')
  if (parts.includes('')) return refuse('a path has no empty segments and no `/` at its end')
  if (parts.some((part) => part === '.' || part === '..')) return refuse('a path has no dot segments')
  const literalSegments = parts.filter((part) => part !== '*').length
  return { ok: true, pattern: { text, segments: parts.map((part) => part.split('*')), hasRest, literalSegments } }
}

/** Does the pattern cover these segments (of `readings`)? `ignoresCase`: as a server would that takes `/V1` for `/v1`. */
export function matchPath(pattern: PathPattern, segments: readonly string[], ignoresCase = false): boolean {
  const wanted = pattern.segments
  if (pattern.hasRest ? segments.length < wanted.length : segments.length !== wanted.length) return false
  for (let index = 0; index < wanted.length; index += 1) {
    const pieces = wanted[index] ?? []
    const text = segments[index] ?? ''
    if (!(ignoresCase ? matchSegment(pieces.map(lowerCase), text.toLowerCase()) : matchSegment(pieces, text)))
      return false
  }
  return true
}

const lowerCase = (text: string): string => text.toLowerCase()

function matchSegment(pieces: Segment, text: string): boolean {
  const head = pieces[0] ?? ''
  if (pieces.length === 1) return text === head
  const tail = pieces.at(-1) ?? ''
  if (text.length === 0 || text.length < head.length + tail.length) return false
  if (!text.startsWith(head) || !text.endsWith(tail)) return false
  const end = text.length - tail.length
  let at = head.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found === -1 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

/** A path that two patterns both cover, as segments; `null` when there is none that is easily found. */
export function commonPath(a: PathPattern, b: PathPattern): readonly string[] | null {
  const length = Math.max(a.segments.length, b.segments.length)
  const segments: string[] = []
  for (let index = 0; index < length; index += 1) {
    const left = a.segments[index]
    const right = b.segments[index]
    const literal = [left, right].find((segment) => segment?.length === 1)
    segments.push((literal ?? mergedPieces(left ?? right ?? [''], right ?? left ?? [''])).join(''))
  }
  return matchPath(a, segments) && matchPath(b, segments) ? segments : null
}

/** The longer head, an `x`, the longer tail: enough for the patterns people write. */
const mergedPieces = (a: Segment, b: Segment): string[] => [
  longer(a[0] ?? '', b[0] ?? ''),
  'x',
  longer(a.at(-1) ?? '', b.at(-1) ?? ''),
]
const longer = (a: string, b: string): string => (a.length >= b.length ? a : b)

/**
 * The ways a server may read a path, first the usual one: escapes decoded, doubled slashes collapsed, dot segments resolved.
 * A plain path has one reading. Servers differ on odd paths, so each further reading is decided too, and the strictest counts.
 */
export function readings(path: string): readonly (readonly string[])[] {
  const isPlain = !/%|\\|\/\/|\/\.|;|#/u.test(path)
  if (isPlain) return [split(path)]
  const decoded = decodeAscii(path)
  const all = [
    resolveDots(collapse(decoded)),
    collapse(resolveDots(decoded.split('/').slice(1))),
    resolveDots(collapse(decodeAscii(decoded))),
    resolveDots(collapse(decoded.replaceAll('\\', '/'))),
    resolveDots(collapse(decoded.replace(/;[^/]*/gu, ''))),
    resolveDots(collapse(decodeAscii(path.replace(/#.*$/su, '')))),
    split(path),
  ]
  const seen = new Set<string>()
  return all.filter((segments) => {
    const key = segments.join('/')
    return !seen.has(key) && seen.add(key)
  })
}

const split = (path: string): string[] => collapse(path.split('/'))

/** Without empty segments: `//a///b/` is `/a/b`. */
const collapse = (path: string | readonly string[]): string[] =>
  (typeof path === 'string' ? path.split('/') : path).filter((segment) => segment !== '')

function resolveDots(segments: readonly string[]): string[] {
  const resolved: string[] = []
  for (const segment of segments) {
    if (segment === '..') resolved.pop()
    else if (segment !== '.') resolved.push(segment)
  }
  return resolved
}

/** `%41` to `A`; bytes above ASCII and broken escapes stay as they are, so that this never fails. */
const decodeAscii = (text: string): string =>
  text.replace(/%([0-7][0-9a-fA-F])/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
