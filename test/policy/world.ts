/** The small world of test/cases/decide-world.yaml: tools, hosts and a stand-in for the catalogue's lookups. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Client } from '../../src/domain/client.ts'
import type { BodyFacts, ExchangeFacts } from '../../src/domain/decision.ts'
import type { Severity, UnreadReason } from '../../src/domain/finding.ts'
import type {
  Candidate,
  DialectId,
  HostKnowledge,
  Identification,
  Kind,
  MarkHit,
  Purpose,
  RequestHead,
  Tool,
} from '../../src/domain/tool.ts'
import { compilePolicy, type PolicySettings } from '../../src/policy/compile.ts'
import type { CompiledPolicy } from '../../src/policy/compiled-policy.ts'

const readCase = (name: string): unknown => parse(readFileSync(new URL(`../cases/${name}`, import.meta.url), 'utf8'))

/** The rows of a table. */
export const rows = <T>(name: string): T[] => readCase(name) as T[]

const shippedFile = parse(readFileSync(new URL('../../rules/policy.yaml', import.meta.url), 'utf8')) as object

/** `rules/policy.yaml` as shipped. */
export const shipped = (): Record<string, unknown> => ({ ...shippedFile })

interface WorldFile {
  readonly tools: Record<string, { vendor: string; country: string; kinds: Kind[] }>
  readonly endpoints: {
    host: string
    path?: string
    tools: string[]
    purpose: Purpose
    dialect?: DialectId
    shared?: boolean
  }[]
}

const world = readCase('decide-world.yaml') as WorldFile

export const tools: ReadonlyMap<string, Tool> = new Map(
  Object.entries(world.tools).map(([id, { vendor, country, kinds }]) => [
    id,
    {
      id,
      name: id,
      vendor: { id: vendor, name: vendor, country },
      kinds,
      confidence: 'verified',
      sources: [],
      endpoints: 1,
      tenant: null,
    },
  ]),
)

const bare = (name: string): string => name.replace('*', '')

/** What the stand-in knows of a host. */
export function lookupHost(host: string): HostKnowledge {
  const entries = world.endpoints.filter((entry) => entry.host === host)
  return {
    isKnown: entries.length > 0,
    isShared: entries.length > 0 && entries.every((entry) => entry.shared === true),
    tools: [...new Set(entries.flatMap((entry) => entry.tools.map(bare)))],
  }
}

/** What the stand-in makes of a request; `marks` are given by the row. */
export function identify(head: RequestHead, marks: readonly MarkHit[]): Identification {
  const entries = world.endpoints.filter((entry) => entry.host === head.host)
  const named = entries.filter((entry) => entry.path === undefined || entry.path === head.path)
  const candidates = named.flatMap((entry) =>
    entry.tools.map(
      (tool): Candidate => ({
        tool: bare(tool),
        purpose: entry.purpose,
        dialect: entry.dialect ?? 'generic',
        isFallback: tool.endsWith('*'),
        hostPattern: entry.host,
        pathPattern: entry.path ?? null,
        isPathNamed: true,
      }),
    ),
  )
  const host = lookupHost(head.host)
  return { host, candidates: candidates.length > 0 || host.isShared ? candidates : unnamed(head, host), marks }
}

const unnamed = (head: RequestHead, host: HostKnowledge): Candidate[] =>
  host.tools.map((tool) => ({
    tool,
    purpose: 'web',
    dialect: 'generic',
    isFallback: world.endpoints.some((entry) => entry.host === head.host && entry.tools.includes(`${tool}*`)),
    hostPattern: head.host,
    pathPattern: null,
    isPathNamed: false,
  }))

export const SETTINGS: PolicySettings = {
  interceptHosts: 'catalogue',
  interceptShared: [],
  interceptNever: [],
  auditTunnels: 'ai',
  hasIdentitySource: true,
}

/** The shipped policy with top keys replaced; `alsoAssign` is added to `assign`. Throws when it does not compile. */
export function policyWith(
  changes: Record<string, unknown> = {},
  settings: Partial<PolicySettings> = {},
): CompiledPolicy {
  const { alsoAssign, ...replaced } = changes
  const document = { ...shipped(), ...replaced }
  if (Array.isArray(alsoAssign))
    document['assign'] = [...(document['assign'] as unknown[]), ...(alsoAssign as unknown[])]
  const result = compilePolicy({ file: 'policy.yaml', document }, tools, { ...SETTINGS, ...settings })
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
  return result.policy
}

export const clientWith = (changes: Partial<Client> = {}): Client => ({
  address: '10.0.0.5',
  user: null,
  groups: [],
  device: null,
  network: null,
  assurance: 'none',
  ...changes,
})

/** `POST https://host/path` as a head; `wss:` asks for an upgrade. */
export function headOf(request: string): RequestHead {
  const [method = 'GET', address = ''] = request.split(' ')
  const url = new URL(address)
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:'
  return {
    method,
    scheme: isPlain ? 'http' : 'https',
    host: url.hostname,
    port: url.port === '' ? (isPlain ? 80 : 443) : Number(url.port),
    path: url.pathname,
    headers: [],
    isUpgrade: url.protocol.startsWith('ws'),
  }
}

export const marksOf = (marks: Record<string, string | null>): MarkHit[] =>
  Object.entries(marks).map(([tool, version]) => ({ tool, header: 'user-agent', version }))

/** A body as the tables write it. */
export interface BodyRow {
  readonly model?: string
  readonly findings?: Record<string, Severity>
  readonly uneditable?: boolean
  readonly unknownHistory?: boolean
  readonly unread?: UnreadReason
}

export const bodyOf = (row: BodyRow): BodyFacts => ({
  model: row.model ?? null,
  findings: Object.entries(row.findings ?? {}).map(([detector, severity]) => ({
    detector,
    severity,
    field: '',
    count: 1,
  })),
  hasUneditableFinding: row.uneditable ?? false,
  ...(row.unknownHistory === undefined ? {} : { hasUnknownHistory: row.unknownHistory }),
  unread: row.unread ?? null,
})

/** One row of the exchange table. */
export interface ExchangeRow {
  readonly it: string
  readonly policy?: Record<string, unknown>
  readonly client?: Partial<Client>
  readonly request: string
  readonly headers?: Record<string, string>
  readonly marks?: Record<string, string | null>
  readonly speaks?: DialectId
  readonly body?: BodyRow
  readonly gives: Record<string, unknown>
}

/** Noon of the day on which all rows play. */
export const NOW_MS = Date.parse('2026-11-22T12:00:00Z')

export function factsOf(row: Omit<ExchangeRow, 'it' | 'gives'>): ExchangeFacts {
  const head = { ...headOf(row.request), headers: Object.entries(row.headers ?? {}).flat() }
  return {
    client: clientWith(row.client),
    nowMs: NOW_MS,
    head,
    identification: identify(head, marksOf(row.marks ?? {})),
    seenDialect: row.speaks ?? null,
    body: row.body === undefined ? null : bodyOf(row.body),
  }
}
