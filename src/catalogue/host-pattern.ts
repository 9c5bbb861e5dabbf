/**
 * Host patterns of catalogue endpoints: exact, `*.x` (sub-hosts only), `/regex/` and `{name}` templates.
 * A pattern that would take a whole shared cloud for AI is refused here, whoever wrote it.
 */
import { canonicalHost, isIpLiteral } from '../domain/destination.ts'
import { isSharedDomain } from './cloud-domains.ts'
import { compileLinearRegex } from './linear-regex.ts'

export type HostPattern =
  | { readonly kind: 'exact'; readonly text: string; readonly host: string }
  /** Sub-hosts of `suffix`, not `suffix` itself. */
  | { readonly kind: 'suffix'; readonly text: string; readonly suffix: string }
  /** `domains`: the last two labels, of which every match has one; the index is keyed by them. */
  | {
      readonly kind: 'regex'
      readonly text: string
      readonly regex: RegExp
      readonly domains: readonly string[]
      readonly sample: string
    }

export type HostPatternResult =
  /** `missing`: template names that the config does not fill; then `patterns` is empty. */
  | { readonly ok: true; readonly patterns: readonly HostPattern[]; readonly missing: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/** Template values by name, e.g. `{ tenant: ['acme'] }`. */
export type TemplateValues = Readonly<Record<string, readonly string[]>>

/** First labels that a pattern for a whole cloud would also match. */
const PROBES = [
  'x7q',
  'probe-19',
  'a.b',
  'x7q.us-east-1',
  'probe.cn-hangzhou',
  'p-x-9.eu-west-1',
  'my.own.probe-1',
  's3',
]

/** Parse one `host:` entry. Templates are looked up in `templates`. Several values give several patterns. */
export function parseHostPattern(text: string, templates: TemplateValues = {}): HostPatternResult {
  if (text.startsWith('/')) return parseRegexHost(text)
  const names = [...text.matchAll(/\{([^}]*)\}/gu)].map((match) => match[1] ?? '')
  const bad = names.find((name) => !/^[a-z][a-z0-9-]{0,30}$/u.test(name))
  if (bad !== undefined) return { ok: false, problem: `template name \`${bad}\` is not a-z, 0-9 and \`-\`` }
  const missing = names.filter((name) => (templates[name] ?? []).length === 0)
  if (missing.length > 0) {
    const tried = parsePlainHost(text.replace(/\{[^}]*\}/gu, 'x'), text)
    return tried.ok ? { ok: true, patterns: [], missing } : tried
  }
  const patterns: HostPattern[] = []
  for (const filled of fill(text, names, templates)) {
    const result = parsePlainHost(filled, filled)
    if (!result.ok) return result
    patterns.push(result.pattern)
  }
  return { ok: true, patterns, missing: [] }
}

function fill(text: string, names: readonly string[], templates: TemplateValues): string[] {
  const [name, ...rest] = names
  if (name === undefined) return [text]
  return (templates[name] ?? []).flatMap((value) =>
    fill(
      text.replace(`{${name}}`, () => value),
      rest,
      templates,
    ),
  )
}

type PlainResult = { ok: true; pattern: HostPattern } | { ok: false; problem: string }

function parsePlainHost(host: string, text: string): PlainResult {
  const isSuffix = host.startsWith('*.')
  const name = isSuffix ? host.slice(2) : host
  if (name.includes('*')) return { ok: false, problem: `\`${text}\`: \`*\` stands only at the start, as \`*.\`` }
  const canonical = canonicalHost(name)
  if (canonical === null || !/^[a-z0-9._:-]+$/u.test(canonical))
    return { ok: false, problem: `\`${text}\` is not a host name: no scheme, port or path` }
  if (canonical !== name)
    return { ok: false, problem: `\`${text}\` must be written in its plain form: \`${canonical}\`` }
  if (!isSuffix) return { ok: true, pattern: { kind: 'exact', text, host: canonical } }
  if (isIpLiteral(canonical)) return { ok: false, problem: `\`${text}\`: an address has no sub-hosts` }
  if (isSharedDomain(canonical))
    return { ok: false, problem: `\`${text}\` would take a whole shared domain for AI: name the hosts` }
  return { ok: true, pattern: { kind: 'suffix', text, suffix: canonical } }
}

function parseRegexHost(text: string): HostPatternResult {
  if (text.length < 3 || !text.endsWith('/')) return { ok: false, problem: 'a host regex ends with `/`' }
  const inner = text
    .slice(1, -1)
    .replace(/^\^/u, '')
    .replace(/(?<!\\)\$$/u, '')
  const compiled = compileLinearRegex(`^(?:${inner})$`)
  if (!compiled.ok) return { ok: false, problem: `host regex: ${compiled.problem}` }
  const { regex, tails, sample } = compiled.value
  if (/[A-Z]/u.test(inner.replace(/\\[A-Z]/gu, ''))) return { ok: false, problem: 'host regex: hosts are lower case' }
  const domains = lastTwoLabels(tails ?? [])
  if (domains === null) return { ok: false, problem: 'host regex: end it in a fixed domain such as `\\.example\\.com`' }
  const wide = widest(regex, tails ?? [])
  if (wide !== null)
    return { ok: false, problem: `host regex: it ends in a bare cloud domain, \`${wide}\` would match: name a label` }
  return { ok: true, patterns: [{ kind: 'regex', text, regex, domains, sample }], missing: [] }
}

/** The last two labels of every tail; `null` when a tail does not reach that far. */
function lastTwoLabels(tails: readonly string[]): string[] | null {
  const domains = new Set<string>()
  for (const tail of tails) {
    const labels = tail.split('.')
    // What stands before the first dot may be the end of a longer label.
    if (labels.length < 3) return null
    domains.add(labels.slice(-2).join('.'))
  }
  return domains.size === 0 ? null : [...domains]
}

/** A made-up host of a shared domain that the regex matches, if there is one. */
function widest(regex: RegExp, tails: readonly string[]): string | null {
  for (const tail of tails) {
    const labels = tail.split('.')
    for (let from = 1; from < labels.length - 1; from += 1) {
      const domain = labels.slice(from).join('.')
      const probe = isSharedDomain(domain)
        ? PROBES.map((name) => `${name}.${domain}`).find((host) => regex.test(host))
        : undefined
      if (probe !== undefined) return probe
    }
  }
  return null
}
