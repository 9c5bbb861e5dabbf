/** Compiles the catalogue files into the index that identification uses, or lists every problem of all files at once. */
import { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import { KINDS, type Tool, type ToolId } from '../domain/tool.ts'
import type { Catalogue } from './catalogue.ts'
import { buildHostIndex, type IndexedEndpoint } from './host-index.ts'
import { type HostPattern, parseHostPattern, type TemplateValues } from './host-pattern.ts'
import { compileLinearRegex } from './linear-regex.ts'
import { buildMarkIndex, type Mark } from './mark-index.ts'
import { type PathPattern, parsePathPattern } from './path-pattern.ts'
import { type CatalogueSource, problemAt, schemaProblems } from './problems.ts'
import { type CatalogueFile, catalogueFileSchema, type EndpointEntry, type ToolEntry } from './schema.ts'
import { tieProblems } from './ties.ts'

export type CatalogueResult =
  | { readonly ok: true; readonly catalogue: Catalogue; readonly problems: readonly Problem[] }
  | {
      readonly ok: false
      readonly problems: readonly Problem[]
      /** Every tool that was named, also in broken files: a policy can be checked against them all the same. */
      readonly tools: ReadonlyMap<ToolId, Tool>
    }

/** Values for `{name}` hosts, from config `catalogue.templates`; `<tool>.<name>` goes before `<name>`. */
export interface CompileOptions {
  readonly templates: Readonly<Record<string, string | readonly string[]>>
}

const DEFAULT_PORTS = [443, 80]

/** What is gathered while the files are gone through. */
interface Draft {
  readonly tools: Map<ToolId, Tool>
  readonly endpoints: IndexedEndpoint[]
  readonly marks: Mark[]
  readonly problems: Problem[]
  readonly firstSeen: Map<ToolId, string>
  readonly templates: CompileOptions['templates']
}

/** One tool entry with where it stands. */
interface Place {
  readonly source: CatalogueSource
  readonly path: string
  readonly vendor: CatalogueFile['vendor']
  readonly entry: ToolEntry
}

/** Compile all files; in file order, which is the catalogue order. Warnings come with a good result too. */
export function compileCatalogue(files: readonly CatalogueSource[], options: CompileOptions): CatalogueResult {
  const draft: Draft = {
    tools: new Map(),
    endpoints: [],
    marks: [],
    problems: [],
    firstSeen: new Map(),
    templates: options.templates,
  }
  for (const source of files) addFile(draft, source)
  const sources = new Map(files.map((source) => [source.file, source]))
  const hosts = buildHostIndex(draft.endpoints)
  const marks = buildMarkIndex(draft.marks)
  const catalogue: Catalogue = {
    tools: draft.tools,
    hosts,
    marks,
    endpoints: [...draft.tools.values()].reduce((sum, tool) => sum + tool.endpoints, 0),
    pacHosts: pacHostsOf(draft.endpoints),
  }
  const problems = [...draft.problems, ...tieProblems(catalogue, draft.endpoints, sources)]
  if (problems.some((problem) => problem.severity === 'error'))
    return { ok: false, problems, tools: new Map([...stubTools(files), ...draft.tools]) }
  return { ok: true, catalogue, problems }
}

function addFile(draft: Draft, source: CatalogueSource): void {
  const parsed = catalogueFileSchema.safeParse(source.document)
  if (!parsed.success) {
    draft.problems.push(...schemaProblems(source, parsed.error))
    return
  }
  const { vendor, tools } = parsed.data
  tools.forEach((entry, index) => {
    addTool(draft, { source, path: `tools[${index}]`, vendor, entry })
  })
}

const rawToolsSchema = z.object({
  vendor: z.object({ id: z.string() }).catch({ id: '' }),
  tools: z.array(z.object({ id: z.string(), kinds: z.array(z.enum(KINDS)).catch([]) }).catch({ id: '', kinds: [] })),
})

/** The ids that broken files name too. */
const stubTools = (files: readonly CatalogueSource[]): [ToolId, Tool][] =>
  files.flatMap(({ document }) => {
    const raw = rawToolsSchema.safeParse(document)
    if (!raw.success) return []
    const vendor = { id: raw.data.vendor.id, name: raw.data.vendor.id, country: 'ZZ' }
    return raw.data.tools
      .filter(({ id }) => id !== '')
      .map(({ id, kinds }): [ToolId, Tool] => [
        id,
        { id, name: id, vendor, kinds, confidence: 'guess', sources: [], endpoints: 0, tenant: null },
      ])
  })

function addTool(draft: Draft, place: Place): void {
  const { entry, source, path, vendor } = place
  const known = draft.firstSeen.get(entry.id)
  if (known !== undefined) {
    draft.problems.push(problemAt(source, `${path}.id`, `tool id \`${entry.id}\` is already used in ${known}`))
    return
  }
  const line = source.lineOf(`${path}.id`)
  draft.firstSeen.set(entry.id, line === null ? source.file : `${source.file}:${line}`)
  draft.tools.set(entry.id, {
    id: entry.id,
    name: entry.name,
    vendor,
    kinds: entry.kinds,
    confidence: entry.confidence,
    sources: entry.sources,
    endpoints: entry.endpoints.length,
    tenant: entry.tenant ?? null,
  })
  addMarks(draft, place)
  entry.endpoints.forEach((endpoint, index) => {
    addEndpoint(draft, place, endpoint, `${path}.endpoints[${index}]`)
  })
  entry.mentions.forEach((host, index) => {
    checkHost(draft, place, host, `${path}.mentions[${index}]`)
  })
  entry.tenant?.hosts.forEach((host, index) => {
    checkHost(draft, place, host, `${path}.tenant.hosts[${index}]`)
  })
}

/** Hosts that never identify may be wide, but must be hosts. */
function checkHost(draft: Draft, place: Place, host: string, path: string): void {
  const parsed = parseHostPattern(host.replace(/^\*\./u, ''))
  if (!parsed.ok) draft.problems.push(problemAt(place.source, path, parsed.problem))
}

function addMarks(draft: Draft, { entry, source, path }: Place): void {
  entry.marks.forEach((mark, index) => {
    const at = `${path}.marks[${index}].matches`
    if (mark.matches === undefined) {
      draft.marks.push({ tool: entry.id, header: mark.header, pattern: null })
      return
    }
    const compiled = compileLinearRegex(mark.matches)
    if (!compiled.ok) {
      draft.problems.push(problemAt(source, at, `mark regex: ${compiled.problem}`))
      return
    }
    const stranger = compiled.value.groups.find((name) => name !== 'version')
    if (stranger !== undefined)
      draft.problems.push(
        problemAt(source, at, `mark regex: only the group \`version\` has a meaning, not \`${stranger}\``),
      )
    draft.marks.push({ tool: entry.id, header: mark.header, pattern: compiled.value })
  })
}

function addEndpoint(draft: Draft, place: Place, endpoint: EndpointEntry, path: string): void {
  const { source, entry } = place
  const host = parseHostPattern(endpoint.host, templatesFor(draft, entry.id))
  const paths = parsePaths(draft, place, endpoint, path)
  if (!host.ok) {
    draft.problems.push(problemAt(source, `${path}.host`, host.problem))
    return
  }
  if (host.missing.length > 0) reportInactive(draft, place, { text: endpoint.host, missing: host.missing, path })
  for (const pattern of host.patterns)
    for (const one of paths) draft.endpoints.push(indexed(draft, place, endpoint, { pattern, path: one, at: path }))
}

/** One warning for all entries of a tool that wait for the same template. */
function reportInactive(
  draft: Draft,
  { entry, source }: Place,
  host: { readonly text: string; readonly missing: readonly string[]; readonly path: string },
): void {
  const names = host.missing.map((name) => `\`${entry.id}.${name}\``).join(', ')
  const message = `\`${entry.id}\` at \`${host.text}\` is inactive: fill ${names} in config catalogue.templates`
  if (!draft.problems.some((problem) => problem.message === message))
    draft.problems.push(problemAt(source, `${host.path}.host`, message, 'warning'))
}

/** `null` = no path named. */
function parsePaths(draft: Draft, place: Place, endpoint: EndpointEntry, at: string): (PathPattern | null)[] {
  if (endpoint.paths === undefined) return [null]
  return endpoint.paths.flatMap((text, index) => {
    const parsed = parsePathPattern(text)
    if (parsed.ok) return [parsed.pattern]
    draft.problems.push(problemAt(place.source, `${at}.paths[${index}]`, `\`${text}\`: ${parsed.problem}`))
    return []
  })
}

function indexed(
  draft: Draft,
  place: Place,
  endpoint: EndpointEntry,
  one: { pattern: HostPattern; path: PathPattern | null; at: string },
): IndexedEndpoint {
  return {
    tool: place.entry.id,
    order: draft.endpoints.length,
    purpose: endpoint.purpose,
    dialect: endpoint.dialect ?? 'generic',
    isFallback: endpoint.fallback ?? false,
    isShared: endpoint.shared ?? false,
    ports: endpoint.ports ?? DEFAULT_PORTS,
    methods: endpoint.methods === undefined ? null : new Set(endpoint.methods),
    path: one.path,
    host: one.pattern,
    origin: { file: place.source.file, path: one.at },
  }
}

/** Values by plain name for one tool. */
function templatesFor(draft: Draft, tool: ToolId): TemplateValues {
  const values: Record<string, readonly string[]> = {}
  for (const [key, value] of Object.entries(draft.templates)) {
    const list = typeof value === 'string' ? [value] : value
    if (key.startsWith(`${tool}.`)) values[key.slice(tool.length + 1)] = list
    else if (!(key in values)) values[key] = list
  }
  return values
}

const pacHostsOf = (endpoints: readonly IndexedEndpoint[]): string[] =>
  [
    ...new Set(endpoints.filter((each) => !each.isShared && each.host.kind !== 'regex').map((each) => each.host.text)),
  ].sort()
