/** Path patterns of rules: literal, `*` is one segment or a part of it, `/**` at the end is the rest. Linear time. */

export type PathTest = (path: string) => boolean

/** What is wrong with a path pattern; `null` when nothing is. */
export function pathPatternProblem(pattern: string): string | null {
  if (!pattern.startsWith('/')) return 'a path pattern starts with `/`'
  const parts = pattern.split('/')
  if (parts.at(-1) === '**') parts.pop()
  if (parts.some((part) => part.includes('**'))) return '`**` stands only at the end, for the rest of the path'
  return parts.some((part) => part.split('*').length > 2) ? 'a segment has at most one `*`' : null
}

/**
 * Compile a pattern without problems. A path is tried as sent and as a server may read it
 * (percent-encoding, doubled slashes and dot segments undone), so that spelling is no way around a rule.
 */
export function compilePathPattern(pattern: string): PathTest {
  const hasRest = pattern.endsWith('/**')
  const parts = (hasRest ? pattern.slice(0, -3) : pattern).split('/').map(segmentSource)
  const regex = new RegExp(`^${parts.join('/')}${hasRest ? '(?:/.*)?' : ''}$`, 'su')
  return (path) => regex.test(path) || (isUnusual(path) && regex.test(asServerReads(path)))
}

const segmentSource = (segment: string): string => {
  if (segment === '*') return '[^/]+'
  return segment.replace(/[\\^$.+?()[\]{}|]/gu, '\\$&').replace('*', '[^/]*')
}

const isUnusual = (path: string): boolean => path.includes('%') || path.includes('//') || path.includes('/.')

function asServerReads(path: string): string {
  const segments: string[] = []
  for (const segment of percentDecoded(path).split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

/** Only printable ASCII is decoded; what is not an escape stays. */
const percentDecoded = (path: string): string =>
  path.replace(/%([2-7][0-9a-f])/giu, (escape, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code === 0x7f ? escape : String.fromCharCode(code)
  })
