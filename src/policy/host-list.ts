/** Host lists as IT writes them: `a.b` is that host, `*.a.b` its sub-hosts. Compiled once, asked per flow. */
import { canonicalHost } from '../domain/destination.ts'

export interface HostList {
  /** `host` in canonical form. */
  readonly has: (host: string) => boolean
  readonly size: number
  /** Canonical, as they were taken. */
  readonly patterns: readonly string[]
}

/** Canonical form of a pattern; `null` when it is neither a host, an IP nor `*.` and a host of at least two labels. */
export function canonicalHostPattern(pattern: string): string | null {
  const name = pattern.startsWith('*.') ? pattern.slice(2) : pattern
  const rest = name.includes('*') ? null : canonicalHost(name)
  if (name === pattern) return rest
  return rest === null || rest.includes(':') || !rest.includes('.') ? null : `*.${rest}`
}

/** Compile patterns that `canonicalHostPattern` accepts; others are skipped, the caller has reported them. */
export function compileHostList(patterns: readonly string[]): HostList {
  const entries = new Set<string>()
  for (const pattern of patterns) {
    const canonical = canonicalHostPattern(pattern)
    if (canonical !== null) entries.add(canonical)
  }
  if (entries.size === 0) return { has: () => false, size: 0, patterns: [] }
  return { has: (host) => entries.has(host) || hasParent(entries, host), size: entries.size, patterns: [...entries] }
}

function hasParent(entries: ReadonlySet<string>, host: string): boolean {
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    if (entries.has(`*${host.slice(dot)}`)) return true
  }
  return false
}
