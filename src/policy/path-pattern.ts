/** Path patterns of rules: literal, `*` is one segment, `**` at the end is the rest. Linear time. */

export type PathTest = (path: string) => boolean

/** What is wrong with a path pattern; `null` when nothing is. */
export function pathPatternProblem(pattern: string): string | null {
  if (!pattern.startsWith('/')) return 'a path pattern starts with `/`'
  const parts = pattern.split('/')
  if (parts.slice(0, -1).includes('**')) return '`**` stands only at the end, for the rest of the path'
  const isMixed = parts.some((part) => part.includes('*') && part !== '*' && part !== '**')
  return isMixed ? '`*` stands for one whole segment' : null
}

/**
 * Compile a pattern without problems. A path is tried as sent and as a server may read it
 * (percent-encoding, doubled slashes and dot segments undone), so that spelling is no way around a rule.
 */
export function compilePathPattern(pattern: string): PathTest {
  const parts = pattern.split('/').map((part) => {
    if (part === '**') return '.*'
    return part === '*' ? '[^/]+' : part.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&')
  })
  const regex = new RegExp(`^${parts.join('/')}$`, 'su')
  return (path) => regex.test(path) || (isUnusual(path) && regex.test(asServerReads(path)))
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
