/** Turns the rule files into the one immutable snapshot that flows decide with, or into every problem of all files. */
import { isDeepStrictEqual } from 'node:util'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { type CatalogueResult, compileCatalogue } from '../catalogue/compile.ts'
import { identify, lookupHost } from '../catalogue/identify.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { Problem } from '../domain/settings.ts'
import type { Tool, ToolId } from '../domain/tool.ts'
import { type CompiledDetectors, compileDetectors } from '../inspect/compile-detectors.ts'
import type { DetectorSet } from '../inspect/engine.ts'
import { answerWithNotice } from '../notice/answer.ts'
import { compileNotices, type Notices, type NoticesResult } from '../notice/compile.ts'
import { renderNotice } from '../notice/render.ts'
import { compilePolicy, type PolicyResult } from '../policy/compile.ts'
import { type CompiledPolicy, tenantHeadersAt, tierOf } from '../policy/compiled-policy.ts'
import { decideExchange } from '../policy/decide-exchange.ts'
import { decideTunnel } from '../policy/decide-tunnel.ts'
import { compileNeverList, type NeverList, NO_NEVER_LIST } from '../policy/never-list.ts'
import type { PolicySource } from '../policy/problems.ts'
import { isNeverRead } from '../policy/tunnel-place.ts'
import { revisionOf } from './revision.ts'
import type { RulePart, RuleProblem } from './rule-parts.ts'
import type { RulesFiles } from './rules-files.ts'
import type { WeirConfig } from './schema.ts'
import type { YamlSource } from './yaml-file.ts'

/** Everything that was made of the rules folder; belongs together and is swapped together. */
export interface LoadedRules {
  readonly snapshot: PolicySnapshot
  readonly detectors: DetectorSet
  /** Of each part by itself, `sha256:` + hex. */
  readonly revisions: Readonly<Record<RulePart, string>>
  /** The files that the snapshot's revision, and those of detectors and notices, are computed from; names inside the rules folder. */
  readonly sources: Readonly<Record<'rules' | 'detectors' | 'notices', readonly RuleText[]>>
  /** `policy.yaml` as read. */
  readonly policyText: string
  readonly counts: { readonly endpoints: number; readonly detectors: number; readonly exemptions: number }
  /** Exact hosts and `*.` patterns of the catalogue that are not shared, and those of the tenant restrictions. */
  readonly pacHosts: readonly string[]
  /** Expressions for more such hosts of the catalogue. */
  readonly pacPatterns: readonly string[]
  /** Patterns of the policy's `sanctionedHosts`. */
  readonly sanctionedHosts: readonly string[]
  /** What a next load may use again. */
  readonly made: MadeRules
}

/** Sources and what was compiled of them. */
interface MadeRules {
  readonly files: RulesFiles
  readonly config: WeirConfig
  readonly catalogue: CatalogueResult
  readonly detectors: CompiledDetectors
  readonly notices: NoticesResult
}

/** One file of the rules. */
export interface RuleText {
  readonly file: string
  readonly text: string
}

export type RulesResult =
  | { readonly ok: true; readonly rules: LoadedRules; readonly problems: readonly RuleProblem[] }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] }

export interface SnapshotInput {
  readonly files: RulesFiles
  readonly config: WeirConfig
  /** `--observe`: overrides the policy's mode. */
  readonly isObserving: boolean
  /** RFC 3339. */
  readonly loadedAt: string
  /** Also run every detector on its own examples (`weir check`). */
  readonly checkExamples?: boolean
  /** The rules in force: parts whose files are unchanged are not compiled again, so that a reload hardly stops the loop. */
  readonly previous?: LoadedRules | null
}

/** Compile all parts; one broken part breaks the whole, and every part's problems are told. */
export function buildSnapshot(input: SnapshotInput): RulesResult {
  const { files } = input
  const made = makeParts(input)
  const { catalogue, detectors, notices } = made
  const isAiHost = (host: string): boolean => catalogue.ok && lookupHost(catalogue.catalogue, host, 443).isKnown
  const never = compileNeverList(files.never == null ? null : sourceOf(files.never), isAiHost)
  const policy = policyOf(
    input,
    catalogue.ok ? catalogue.catalogue.tools : catalogue.tools,
    never.ok ? never.list : NO_NEVER_LIST,
  )
  const problems: RuleProblem[] = [
    ...files.problems,
    ...tagged('catalogue', [...emptyProblem(files), ...catalogue.problems]),
    ...tagged('policy', [...(policy?.problems ?? []), ...never.problems]),
    ...tagged('detectors', detectors.problems),
    // A missing language is no second problem when its file could not be read.
    ...tagged('notices', files.problems.some((problem) => problem.part === 'notices') ? [] : notices.problems),
  ]
  const isBroken = problems.some((problem) => problem.severity === 'error')
  if (isBroken || !catalogue.ok || policy?.ok !== true || !detectors.ok || !notices.ok) return { ok: false, problems }
  const parts: Parts = {
    catalogue: catalogue.catalogue,
    policy: input.isObserving ? { ...policy.policy, mode: 'observe' } : policy.policy,
    detectors: detectors.detectors,
    notices: notices.notices,
  }
  return { ok: true, rules: loadedRules(input, parts, made), problems }
}

function makeParts({ files, config, previous, checkExamples }: SnapshotInput): MadeRules {
  const old = previous?.made
  const { templates } = config.catalogue
  const isSame = (part: 'catalogue' | 'detectors' | 'notices'): boolean =>
    haveSameSources(old?.files[part], files[part])
  return {
    files,
    config,
    catalogue:
      old !== undefined && isSame('catalogue') && isDeepStrictEqual(old.config.catalogue.templates, templates)
        ? old.catalogue
        : compileCatalogue(files.catalogue, { templates }),
    detectors:
      old !== undefined && isSame('detectors') && haveSameTables(old.files, files)
        ? old.detectors
        : compileDetectors(files.detectors, {
            tables: files.tables,
            checkExamples: checkExamples ?? false,
          }),
    notices:
      old !== undefined && isSame('notices') && old.config.notice.fallback === config.notice.fallback
        ? old.notices
        : compileNotices(files.notices, config.notice.fallback),
  }
}

/** Unchanged files are the same objects. */
const haveSameSources = (old: readonly object[] | undefined, now: readonly object[]): boolean =>
  old?.length === now.length && now.every((source, index) => source === old[index])

const haveSameTables = (old: RulesFiles, now: RulesFiles): boolean =>
  haveSameSources(old.tables.dictionaries, now.tables.dictionaries) &&
  haveSameSources(old.tables.fingerprints, now.tables.fingerprints)

interface Parts {
  readonly catalogue: Catalogue
  readonly policy: CompiledPolicy
  readonly detectors: DetectorSet
  readonly notices: Notices
}

const tagged = (part: RulePart, problems: readonly Problem[]): RuleProblem[] =>
  problems.map((problem) => ({ ...problem, part }))

const emptyProblem = (files: RulesFiles): Problem[] =>
  files.catalogue.length > 0 || files.problems.some((problem) => problem.part === 'catalogue')
    ? []
    : [{ file: files.shown, line: null, path: '', message: 'catalogue/ holds no .yaml files', severity: 'error' }]

/** Is there anything by which a user, group or device can be known? */
export function hasIdentitySource({ identity, proxy }: WeirConfig): boolean {
  const { map, authenticate, trustedProxies } = identity
  const hasCertificates = proxy.tls !== null && proxy.tls.clientAuth !== 'none'
  return map !== null || authenticate !== 'off' || trustedProxies.length > 0 || hasCertificates
}

const sourceOf = ({ file, document, lineAt }: YamlSource): PolicySource => ({ file, document, lineOf: lineAt })

function policyOf(
  { files, config }: SnapshotInput,
  tools: ReadonlyMap<ToolId, Tool>,
  reviewedNever: NeverList,
): PolicyResult | null {
  const { policy } = files
  if (policy === null) return null
  return compilePolicy(sourceOf(policy), tools, {
    interceptHosts: config.intercept.hosts,
    interceptAll: config.intercept.all,
    reviewedNever,
    interceptShared: config.intercept.shared,
    interceptNever: config.intercept.never,
    auditTunnels: config.audit.tunnels,
    hasIdentitySource: hasIdentitySource(config),
    canSeal: config.audit.seal !== null,
  })
}

function loadedRules(input: SnapshotInput, parts: Parts, made: MadeRules): LoadedRules {
  const { files } = input
  return {
    snapshot: bind(input, parts),
    detectors: parts.detectors,
    revisions: {
      policy: revisionOf(named(files, policyFiles(files))),
      catalogue: revisionOf(named(files, files.catalogue)),
      detectors: revisionOf(
        named(files, [...files.detectors, ...files.tables.dictionaries, ...files.tables.fingerprints]),
      ),
      notices: revisionOf(named(files, files.notices)),
    },
    sources: {
      rules: named(files, [...files.catalogue, ...policyFiles(files)]),
      detectors: named(files, [...files.detectors, ...files.tables.dictionaries, ...files.tables.fingerprints]),
      notices: named(files, files.notices),
    },
    policyText: files.policy?.text ?? '',
    counts: {
      endpoints: parts.catalogue.endpoints,
      detectors: parts.detectors.detectors.length,
      exemptions: parts.policy.exemptionCount,
    },
    pacHosts: [...new Set([...parts.catalogue.pacHosts, ...parts.policy.tenants.patterns])].sort(),
    pacPatterns: parts.catalogue.pacPatterns,
    sanctionedHosts: parts.policy.sanctionedHosts.patterns,
    made,
  }
}

function bind({ files, config, loadedAt }: SnapshotInput, parts: Parts): PolicySnapshot {
  const { catalogue, policy, notices } = parts
  const decisive = [...files.catalogue, ...policyFiles(files)]
  const tierOfTool: PolicySnapshot['tierOf'] = (tool) => tierOf(policy, tool)
  return Object.freeze<PolicySnapshot>({
    revision: revisionOf(named(files, decisive)),
    catalogueRevision: revisionOf(named(files, files.catalogue)),
    loadedAt,
    mode: policy.mode,
    company: policy.company,
    tools: catalogue.tools,
    tierOf: tierOfTool,
    lookupHost: (host, port) => lookupHost(catalogue, host, port),
    isSanctioned: (host) => policy.sanctionedHosts.has(host),
    isNeverRead: (host) => isNeverRead(policy, host),
    identify: (head) => identify(catalogue, head),
    decideTunnel: (facts) => decideTunnel(policy, facts),
    decideExchange: (facts) => decideExchange(policy, facts),
    tenantHeaders: (host, port) => tenantHeadersAt(policy, host, port),
    renderNotice: (decision, head, event, findings = []) =>
      renderNotice({
        decision,
        findings,
        head,
        event,
        company: policy.company,
        notices,
        settings: config.notice,
        tools: catalogue.tools,
        tierOf: tierOfTool,
      }),
    answerWithNotice,
  })
}

const policyFiles = ({ policy, never = null }: RulesFiles): YamlSource[] =>
  [policy, never].filter((source) => source !== null)

/** Names inside the rules folder, so that the same rules have the same revision wherever they lie. */
const named = (
  files: RulesFiles,
  sources: readonly { readonly file: string; readonly text: string }[],
): { file: string; text: string }[] =>
  sources.map(({ file, text }) => ({ file: file.slice(files.shown.length + 1), text }))
