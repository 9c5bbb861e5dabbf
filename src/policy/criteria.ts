/** The criteria of a rule's `match` as functions. A criterion that is left out is no test; lists mean any of them. */
import ipaddr from 'ipaddr.js'
import type { Client } from '../domain/client.ts'
import type { FindingCount } from '../domain/finding.ts'
import type { BodyTest, HeadTest } from './compiled-policy.ts'
import { compileHostList } from './host-list.ts'
import { compilePathPattern } from './path-pattern.ts'
import { asList, type PolicyMatch } from './schema.ts'
import { compileVersionRange } from './version-range.ts'

interface Keyed<T> {
  readonly key: keyof PolicyMatch
  readonly test: T
}
type Head = Keyed<HeadTest['test']>
type Body = Keyed<BodyTest['test']>

/** Tests on what the head tells. A fact that is not known (user, version …) matches no criterion. */
export function headTests(match: PolicyMatch): readonly Head[] {
  const tests: Head[] = []
  const add = <K extends keyof PolicyMatch>(key: K, make: (value: NonNullable<PolicyMatch[K]>) => Head['test']) => {
    const value = match[key]
    if (value !== undefined) tests.push({ key, test: make(value) })
  }
  add('purpose', (value) => (_facts, pick) => asList(value).includes(pick.purpose))
  add('method', (value) => {
    const methods = new Set(asList(value).map((method) => method.toUpperCase()))
    return ({ head }) => methods.has(head.method)
  })
  add('host', (value) => {
    const hosts = compileHostList(asList(value))
    return ({ head }) => hosts.has(head.host)
  })
  add(
    'port',
    (value) =>
      ({ head }) =>
        asList(value).includes(head.port),
  )
  add('dialect', (value) => (_facts, pick) => asList(value).includes(pick.dialect))
  add('toolVersion', (value) => {
    const test = compileVersionRange(value)
    return (_facts, pick) => pick.toolVersion !== null && test !== null && test(pick.toolVersion)
  })
  add(
    'assurance',
    (value) =>
      ({ client }) =>
        asList(value).includes(client.assurance),
  )
  add('user', (value) => nameTest(asList(value), (client) => client.user))
  add('device', (value) => nameTest(asList(value), (client) => client.device))
  add('group', (value) => {
    const groups = lowerCaseSet(asList(value))
    return ({ client }) => client.groups.some((group) => groups.has(group.toLowerCase()))
  })
  add('network', (value) => networkTest(asList(value)))
  add('path', (value) => {
    const patterns = asList(value).map(compilePathPattern)
    return ({ head }) => patterns.some((test) => test(head.path))
  })
  return tests
}

/** Tests that need the body: `model` and `findings`. */
export function bodyTests(match: PolicyMatch): readonly Body[] {
  const tests: Body[] = []
  if (match.model !== undefined) {
    const models = asList(match.model).map(compileModel)
    tests.push({ key: 'model', test: ({ model }) => model !== null && models.some((test) => test(model)) })
  }
  if (match.findings !== undefined) tests.push({ key: 'findings', test: findingsTest(match.findings) })
  return tests
}

/** Directory names know no case. */
export const lowerCaseSet = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.toLowerCase()))

function nameTest(names: readonly string[], read: (client: Client) => string | null): Head['test'] {
  const known = lowerCaseSet(names)
  return ({ client }) => {
    const name = read(client)
    return name !== null && known.has(name.toLowerCase())
  }
}

/** Names of the network map, or CIDR ranges of the client's address. */
function networkTest(values: readonly string[]): Head['test'] {
  const names = lowerCaseSet(values)
  const ranges = values.filter((value) => ipaddr.isValidCIDR(value)).map((value) => ipaddr.parseCIDR(value))
  return ({ client }) =>
    (client.network !== null && names.has(client.network.toLowerCase())) ||
    (ranges.length > 0 && isInRanges(client.address, ranges))
}

function isInRanges(address: string, ranges: readonly ReturnType<typeof ipaddr.parseCIDR>[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
}

/** `gpt-4*`: the star is any text. Matched piece by piece, so that no name costs more than its length. */
function compileModel(pattern: string): (model: string) => boolean {
  const pieces = pattern.toLowerCase().split('*')
  return (model) => matchesPieces(model.toLowerCase(), pieces)
}

function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, from)
    if (found === -1) return false
    from = found + piece.length
  }
  return from <= text.length - last.length
}

function findingsTest(value: NonNullable<PolicyMatch['findings']>): Body['test'] {
  if (typeof value === 'string' || Array.isArray(value)) {
    const names = new Set(asList<string>(value))
    const matches = (finding: FindingCount): boolean =>
      names.has('any') || names.has(finding.severity) || names.has(finding.detector)
    return ({ findings }) => findings.some(matches)
  }
  const detectors = value.detector === undefined ? null : new Set(asList(value.detector))
  const severities = value.severity === undefined ? null : new Set<string>(asList(value.severity))
  const atLeast = value.atLeast ?? 1
  return ({ findings }) => {
    let count = 0
    for (const finding of findings) {
      if (detectors !== null && !detectors.has(finding.detector)) continue
      if (severities === null || severities.has(finding.severity)) count += finding.count
    }
    return count >= atLeast
  }
}
