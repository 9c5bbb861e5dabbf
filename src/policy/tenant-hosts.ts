/** Host patterns of tenant restrictions: a host, `*.` and a host, or a first label with one `*` in it (`identity*.a.b`). */
import { compileHostList } from './host-list.ts'

export interface TenantHosts {
  /** `host` in canonical form. */
  readonly has: (host: string) => boolean
}

const isLabelPattern = (pattern: string): boolean => pattern.includes('*') && !pattern.startsWith('*.')

/** Compile the patterns of one restriction; `except` lists those that are left out again. */
export function compileTenantHosts(patterns: readonly string[], except: readonly string[] = []): TenantHosts {
  const wanted = matcherOf(patterns)
  const unwanted = matcherOf(except)
  return { has: (host) => wanted(host) && !unwanted(host) }
}

function matcherOf(patterns: readonly string[]): (host: string) => boolean {
  const plain = compileHostList(patterns.filter((pattern) => !isLabelPattern(pattern)))
  const labels = patterns.filter(isLabelPattern).map(labelRegex)
  return (host) => plain.has(host) || labels.some((regex) => regex.test(host))
}

/** `identity*.webex.com` is `identity.webex.com` and `identity-eu.webex.com`, never a sub-host of them. */
const labelRegex = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace('*', '[^.]*')}$`, 'u')

/** A pattern as lists of hosts write it (PAC files, `intercept.never`): at least what it matches. */
export const asHostPattern = (pattern: string): string =>
  isLabelPattern(pattern) ? `*${pattern.slice(pattern.indexOf('.'))}` : pattern

/** Can some host match both? Each is `a.b` or `*.a.b`. */
export function patternsMeet(a: string, b: string): boolean {
  if (a.startsWith('*.') && b.startsWith('*.')) return a === b || a.endsWith(b.slice(1)) || b.endsWith(a.slice(1))
  if (a.startsWith('*.')) return b.endsWith(a.slice(1))
  return b.startsWith('*.') ? a.endsWith(b.slice(1)) : a === b
}
