/** `tenants:` of the policy, checked against what vendors offer and made ready to be asked per tunnel and per request. */
import type { TenantHeaders } from '../domain/tenant.ts'
import type { CompiledTenants } from './compiled-policy.ts'
import { compilePathPattern, type PathTest } from './path-pattern.ts'
import { didYouMean, type ProblemSink } from './problems.ts'
import { asList, type PolicyFile } from './schema.ts'
import { asHostPattern, compileTenantHosts, patternsMeet, type TenantHosts } from './tenant-hosts.ts'
import { TENANT_RESTRICTIONS, type TenantRestriction } from './tenant-restrictions.ts'
import { tenantValue } from './tenant-values.ts'

/** SSH: it has no headers, and no vendor restricts it this way. */
const SSH_PORT = 22

interface Configured {
  readonly restriction: TenantRestriction
  readonly set: readonly string[]
  readonly hosts: TenantHosts
  readonly refused: readonly PathTest[]
}

/** Compile what is configured. `never` are the patterns of `intercept.never`, which win. */
export function compileTenants(file: PolicyFile, never: readonly string[], sink: ProblemSink): CompiledTenants {
  const configured: Configured[] = []
  for (const [key, headers] of Object.entries(file.tenants)) {
    const restriction = TENANT_RESTRICTIONS.find(({ id, aliases }) => id === key || aliases?.includes(key) === true)
    if (restriction === undefined) {
      sink.error(['tenants', key], `unknown restriction \`${key}\`${didYouMean(key, IDS)}: known are ${IDS.join(', ')}`)
      continue
    }
    if (configured.some((other) => other.restriction === restriction)) {
      sink.error(['tenants', key], `\`${restriction.id}\` is written twice: keep one`)
      continue
    }
    const set = headersOf(restriction, key, headers, sink)
    const hosts = compileTenantHosts(restriction.hosts, restriction.except)
    reportClash(configured, restriction, key, sink)
    warnOfNever(restriction, key, never, sink)
    configured.push({ restriction, set, hosts, refused: (restriction.refusedPaths ?? []).map(compilePathPattern) })
  }
  return configured.length === 0 ? NO_TENANTS : compiledTenants(configured)
}

const IDS = TENANT_RESTRICTIONS.map(({ id }) => id)

/** No tenant is restricted. */
export const NO_TENANTS: CompiledTenants = { at: () => null, refusing: () => null, patterns: [] }

type Written = PolicyFile['tenants'][string]

/** The headers of one restriction, each exactly once; problems are reported. */
function headersOf(restriction: TenantRestriction, key: string, written: Written, sink: ProblemSink): string[] {
  const names = restriction.headers.map(({ name }) => name)
  const left = new Map(Object.entries(written).map(([name, value]) => [name.toLowerCase(), { name, value }]))
  const set: string[] = []
  for (const { name, shape } of restriction.headers) {
    const given = left.get(name.toLowerCase())
    left.delete(name.toLowerCase())
    if (given === undefined) {
      sink.error(['tenants', key], `\`${name}\` is missing: this restriction needs ${listed(names)}`)
      continue
    }
    const result = tenantValue(shape, asList(given.value).map(String))
    if (result.ok) set.push(name, result.value)
    else sink.error(['tenants', key, given.name], result.advice)
  }
  for (const { name } of left.values()) {
    sink.error(['tenants', key, name], `\`${name}\` is no header of this restriction: write ${listed(names)}`)
  }
  return set
}

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' and ')

/** Two restrictions that set the same header on the same host: only one value can be sent. */
function reportClash(
  configured: readonly Configured[],
  restriction: TenantRestriction,
  key: string,
  sink: ProblemSink,
): void {
  const names = new Set(restriction.headers.map(({ name }) => name))
  for (const { restriction: other } of configured) {
    const header = other.headers.find(({ name }) => names.has(name))
    const host = restriction.hosts.find((each) => other.hosts.includes(each))
    if (header === undefined || host === undefined) continue
    sink.error(
      ['tenants', key],
      `\`${other.id}\` and \`${restriction.id}\` both set \`${header.name}\` on ${host}: keep one`,
    )
  }
}

function warnOfNever(restriction: TenantRestriction, key: string, never: readonly string[], sink: ProblemSink): void {
  for (const pattern of never) {
    if (!restriction.hosts.some((host) => patternsMeet(asHostPattern(host), pattern))) continue
    sink.warn(
      ['tenants', key],
      `\`${pattern}\` is in intercept.never: no header is set there, every tenant can be reached`,
    )
  }
}

function compiledTenants(configured: readonly Configured[]): CompiledTenants {
  const merged = new Map<string, TenantHeaders>()
  const patterns = configured.flatMap(({ restriction }) => restriction.hosts.map(asHostPattern))
  return {
    patterns: [...new Set(patterns)].sort(),
    at: (host, port) => {
      if (port === SSH_PORT) return null
      const here = configured.filter(({ hosts }) => hosts.has(host))
      if (here.length === 0) return null
      const key = here.map(({ restriction }) => restriction.id).join(' ')
      const known = merged.get(key)
      if (known !== undefined) return known
      const headers = merge(here)
      merged.set(key, headers)
      return headers
    },
    refusing: (host, path) =>
      configured.find(({ hosts, refused }) => refused.some((test) => test(path)) && hosts.has(host))?.restriction.id ??
      null,
  }
}

function merge(here: readonly Configured[]): TenantHeaders {
  const set = here.flatMap((each) => each.set)
  return {
    restrictions: here.map(({ restriction }) => restriction.id),
    set,
    names: new Set(set.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())),
  }
}
