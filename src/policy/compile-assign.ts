/** Which tier each catalogue tool has: `tool > vendor > kind > vendorCountry > default`, several kinds: the strictest. */
import type { LocalizedText } from '../domain/notice.ts'
import { type Tier, tierRank } from '../domain/tier.ts'
import type { Tool, ToolId } from '../domain/tool.ts'
import { type Assignment, UNLISTED_TOOL } from './compiled-policy.ts'
import { didYouMean, type ProblemSink } from './problems.ts'
import { asList, type PolicyAssign, type PolicyFile } from './schema.ts'

/** From most to least specific. */
const SELECTORS = ['tool', 'vendor', 'kind', 'vendorCountry'] as const
type Selector = (typeof SELECTORS)[number]

type Assigned = Readonly<Record<Selector, ReadonlyMap<string, Assignment>>>

export interface CompiledAssignments {
  readonly assignments: ReadonlyMap<ToolId, Assignment>
  readonly fallback: Assignment
  readonly unlisted: Assignment
}

/** Names the catalogue knows, for checks and hints. */
export interface KnownNames {
  readonly tools: ReadonlyMap<ToolId, Tool>
  readonly vendors: ReadonlySet<string>
  readonly countries: ReadonlySet<string>
}

/** The names of a catalogue. */
export function knownNames(tools: ReadonlyMap<ToolId, Tool>): KnownNames {
  const vendors = new Set<string>()
  const countries = new Set<string>()
  for (const { vendor } of tools.values()) {
    vendors.add(vendor.id)
    countries.add(vendor.country)
  }
  return { tools, vendors, countries }
}

/** Compile `assign`, `default` and `unlisted` into one tier per tool. */
export function compileAssignments(file: PolicyFile, known: KnownNames, sink: ProblemSink): CompiledAssignments {
  const assigned = readAssign(file.assign, known, sink)
  const fallback = assignment(file.default, 'default', null)
  const unlisted = assignment(file.unlisted, 'unlisted', null)
  const assignments = new Map<ToolId, Assignment>([[UNLISTED_TOOL, unlisted]])
  for (const tool of known.tools.values()) assignments.set(tool.id, assignTool(tool, assigned) ?? fallback)
  return { assignments, fallback, unlisted }
}

const assignment = (tier: Tier, rule: string, reasonText: LocalizedText | null): Assignment => ({
  tier,
  rule,
  reasonText,
  step: { step: 'tier', rule, matched: true, why: `\`${rule}\` makes it ${tier}` },
})

function readAssign(entries: readonly PolicyAssign[], known: KnownNames, sink: ProblemSink): Assigned {
  const assigned = { tool: new Map(), vendor: new Map(), kind: new Map(), vendorCountry: new Map() } as Record<
    Selector,
    Map<string, Assignment>
  >
  for (const [index, entry] of entries.entries()) {
    const selectors = SELECTORS.filter((selector) => entry[selector] !== undefined)
    const selector = selectors[0]
    if (selector === undefined || selectors.length > 1) {
      sink.error(['assign', index], 'name exactly one of `tool`, `vendor`, `kind`, `vendorCountry`')
      continue
    }
    readEntry({ entry, selector, index }, assigned[selector], known, sink)
  }
  return assigned
}

interface Entry {
  readonly entry: PolicyAssign
  readonly selector: Selector
  readonly index: number
}

function readEntry(
  { entry, selector, index }: Entry,
  assigned: Map<string, Assignment>,
  known: KnownNames,
  sink: ProblemSink,
): void {
  const written = entry[selector]
  for (const [position, name] of asList<string>(written ?? []).entries()) {
    const path = ['assign', index, selector, ...(Array.isArray(written) ? [position] : [])]
    reportUnknown({ selector, name, known }, path, sink)
    const earlier = assigned.get(name)
    if (earlier === undefined) {
      assigned.set(name, assignment(entry.tier, `assign:${selector}:${name}`, entry.reason ?? null))
    } else if (earlier.tier !== entry.tier) {
      sink.error(
        path,
        `${selector} \`${name}\` is ${earlier.tier} in an earlier entry and ${entry.tier} here: keep one`,
      )
    } else sink.warn(path, `${selector} \`${name}\` is named twice with the same tier: remove one`)
  }
}

interface NamedSelector {
  readonly selector: Selector
  readonly name: string
  readonly known: KnownNames
}

/** Kinds are checked by the schema; a country without tools may come with the next catalogue, so it is a warning. */
function reportUnknown({ selector, name, known }: NamedSelector, path: (string | number)[], sink: ProblemSink): void {
  if (selector === 'tool') reportUnknownTool(name, known, path, sink)
  if (selector === 'vendor') reportUnknownVendor(name, known, path, sink)
  if (selector === 'vendorCountry' && !known.countries.has(name)) {
    sink.warn(path, `no vendor of the catalogue is in \`${name}\``)
  }
}

/** A tool that the catalogue does not have. */
export function reportUnknownTool(name: string, known: KnownNames, path: (string | number)[], sink: ProblemSink): void {
  if (known.tools.has(name)) return
  sink.error(path, `no tool \`${name}\` in the catalogue${didYouMean(name, known.tools.keys())}`)
}

/** A vendor that the catalogue does not have. */
export function reportUnknownVendor(
  name: string,
  known: KnownNames,
  path: (string | number)[],
  sink: ProblemSink,
): void {
  if (known.vendors.has(name)) return
  sink.error(path, `no vendor \`${name}\` in the catalogue${didYouMean(name, known.vendors)}`)
}

function assignTool(tool: Tool, assigned: Assigned): Assignment | null {
  return (
    assigned.tool.get(tool.id) ??
    assigned.vendor.get(tool.vendor.id) ??
    strictestKind(tool, assigned.kind) ??
    assigned.vendorCountry.get(tool.vendor.country) ??
    null
  )
}

function strictestKind(tool: Tool, byKind: ReadonlyMap<string, Assignment>): Assignment | undefined {
  let strictest: Assignment | undefined
  for (const kind of tool.kinds) {
    const found = byKind.get(kind)
    if (found !== undefined && (strictest === undefined || tierRank(found.tier) > tierRank(strictest.tier))) {
      strictest = found
    }
  }
  return strictest
}
