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
    problems: duplicateProblems(files),
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
    pacPatterns: pacPatternsOf(draft.endpoints),
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

/** An id that two tools have, also when their files are broken otherwise. */
function duplicateProblems(files: readonly CatalogueSource[]): Problem[] {
  const seen = new Map<ToolId, string>()
  return files.flatMap((source) => {
    const raw = rawToolsSchema.safeParse(source.document)
    if (!raw.success) return []
    return raw.data.tools.flatMap(({ id }, index) => {
      const path = `tools[${index}].id`
      const known = seen.get(id)
      const line = source.lineOf(path)
      seen.set(id, known ?? (line === null ? source.file : `${source.file}:${line}`))
      if (known === undefined || id === '') return []
      return [problemAt(source, path, `tool id \`${id}\` is already used in ${known}`)]
    })
  })
}

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
  const { entry, path, vendor } = place
  // `duplicateProblems` tells.
  if (draft.tools.has(entry.id)) return
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
}

function addMarks(draft: Draft, { entry }: Place): void {
  for (const { header, matches } of entry.marks) {
    const compiled = matches === undefined ? null : compileLinearRegex(matches)
    // The schema has refused what does not compile.
    if (compiled?.ok !== false) draft.marks.push({ tool: entry.id, header, pattern: compiled?.value ?? null })
  }
}

function addEndpoint(draft: Draft, place: Place, endpoint: EndpointEntry, path: string): void {
  const { source, entry } = place
  const host = parseHostPattern(endpoint.host, templatesFor(draft, entry.id))
  if (!host.ok) {
    draft.problems.push(problemAt(source, `${path}.host`, host.problem))
    return
  }
  if (host.missing.length > 0) reportInactive(draft, place, { text: endpoint.host, missing: host.missing, path })
  for (const pattern of host.patterns)
    for (const one of parsePaths(endpoint))
      draft.endpoints.push(indexed(draft, place, endpoint, { pattern, path: one, at: path }))
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

/** `null` = no path named. The schema has refused what does not parse. */
const parsePaths = (endpoint: EndpointEntry): (PathPattern | null)[] =>
  endpoint.paths?.flatMap((text) => {
    const parsed = parsePathPattern(text)
    return parsed.ok ? [parsed.pattern] : []
  }) ?? [null]

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
    isUsualPorts: endpoint.ports === undefined,
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

const pacPatternsOf = (endpoints: readonly IndexedEndpoint[]): string[] =>
  [
    ...new Set(
      endpoints
        .filter((each) => !each.isShared && each.host.kind === 'regex')
        .map(({ host }) => host.text.slice(1, -1)),
    ),
  ].sort()

const pacHostsOf = (endpoints: readonly IndexedEndpoint[]): string[] =>
  [
    ...new Set(endpoints.filter((each) => !each.isShared && each.host.kind !== 'regex').map((each) => each.host.text)),
  ].sort()
