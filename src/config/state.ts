/** Loads everything that rules the proxy at once: configuration, rules, network map. All problems of all of it together. */
import { basename, dirname, isAbsolute, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../domain/settings.ts'
import type { IdentityPort } from '../flow/ports.ts'
import { type LoadOptions, type LoadResult, loadConfig } from './load.ts'
import { revisionOf } from './revision.ts'
import { readRulesFiles } from './rules-files.ts'
import type { WeirConfig } from './schema.ts'
import { sinkFileProblems } from './sink-files.ts'
import { buildSnapshot, type LoadedRules, type RulesResult } from './snapshot.ts'
import { readYamlFile, type YamlSource } from './yaml-file.ts'

/** What one load gives; immutable, swapped whole. */
export interface LoadedState {
  readonly config: WeirConfig
  /** Absolute path of the configuration file, read or not. */
  readonly configPath: string
  readonly hasFile: boolean
  /** `weir.yaml` as read, under its usual name; none when there is no such file. */
  readonly configText: readonly { readonly file: string; readonly text: string }[]
  readonly rules: LoadedRules
  readonly identity: IdentityPort
  /** Of the configuration file and of the network map. */
  readonly revisions: { readonly config: string; readonly identity: string }
}

/** What a problem belongs to, as config events name it. */
export type StatePart = 'config' | 'policy' | 'catalogue' | 'detectors' | 'notices' | 'identity'

export interface StateProblem extends Problem {
  readonly part: StatePart
}

export type StateResult =
  | { readonly ok: true; readonly state: LoadedState; readonly problems: readonly StateProblem[] }
  | { readonly ok: false; readonly problems: readonly StateProblem[] }

/** Compiles `identity.map`; `null`: there is none. `identity/` implements it, `app.ts` joins the two. */
export type CompileIdentity = (
  source: YamlSource | null,
) =>
  | { readonly ok: true; readonly identity: IdentityPort; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Tries what `identity.negotiate` needs of the system; `null`: all is there, else what is missing and what to do. */
export type CheckNegotiate = (settings: NonNullable<WeirConfig['identity']['negotiate']>) => Promise<string | null>

export interface StateOptions extends LoadOptions {
  readonly compileIdentity: CompileIdentity
  /** Left out where nothing is to be served. */
  readonly checkNegotiate?: CheckNegotiate
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** Also run every detector on its own examples. */
  readonly checkExamples?: boolean
  /** The state in force, of which unchanged parts are used again. */
  readonly previous?: LoadedState | null
}

/** Load all. When the configuration is broken, the rules are checked all the same. */
export async function loadState(options: StateOptions): Promise<StateResult> {
  const loaded = await loadConfig(options)
  const config = loaded.ok ? loaded.config : loaded.fallback
  const [rules, identity, missing] = await Promise.all([
    loadRules(options, config, loaded.ok && loaded.isObserving),
    loadIdentity(options, config),
    loaded.ok ? negotiateProblems(options, loaded) : [],
  ])
  const problems: StateProblem[] = [
    ...tagged('config', [...loaded.problems, ...missing, ...newSinkProblems(options, config)]),
    ...rules.problems,
    ...identity.problems,
  ]
  if (!loaded.ok || !rules.ok || !identity.ok || hasErrors(problems)) return { ok: false, problems }
  return {
    ok: true,
    problems,
    state: Object.freeze<LoadedState>({
      config,
      configPath: loaded.configPath,
      hasFile: loaded.hasFile,
      configText: loaded.files,
      rules: rules.rules,
      identity: identity.identity,
      revisions: { config: revisionOf(loaded.files), identity: identity.revision },
    }),
  }
}

const hasErrors = (problems: readonly StateProblem[]): boolean => problems.some(({ severity }) => severity === 'error')

/** Files of receivers that a reload brings; those of a start are read with the other files that it names. */
function newSinkProblems({ previous }: StateOptions, { audit }: WeirConfig): readonly Problem[] {
  const before = previous?.config.audit.sinks ?? null
  return before === null || isDeepStrictEqual(before, audit.sinks) ? [] : sinkFileProblems(audit.sinks)
}

const tagged = (part: StatePart, problems: readonly Problem[]): StateProblem[] =>
  problems.map((problem) => ({ ...problem, part }))

/** Paths in problems are short where they lie below the working folder. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}

async function loadRules(options: StateOptions, config: WeirConfig, isObserving: boolean): Promise<RulesResult> {
  const previous = options.previous?.rules ?? null
  const shown = shownPath(config.rules.dir, options.cwd)
  const files = await readRulesFiles(config.rules.dir, shown, previous?.made.files ?? null)
  return buildSnapshot({
    files,
    config,
    isObserving,
    loadedAt: new Date(options.nowMs()).toISOString(),
    checkExamples: options.checkExamples ?? false,
    previous,
  })
}

type IdentityResult =
  | { ok: true; identity: IdentityPort; revision: string; problems: StateProblem[] }
  | { ok: false; problems: StateProblem[] }

async function loadIdentity(options: StateOptions, config: WeirConfig): Promise<IdentityResult> {
  const path = config.identity.map
  const read = path === null ? null : await readYamlFile(path, shownPath(path, options.cwd))
  if (read?.ok === false) return { ok: false, problems: tagged('identity', read.problems) }
  const source = read?.source ?? null
  const compiled = options.compileIdentity(source)
  const problems = tagged('identity', compiled.problems)
  if (!compiled.ok) return { ok: false, problems }
  const files = source === null ? [] : [{ file: 'identity.map', text: source.text }]
  return { ok: true, identity: compiled.identity, revision: revisionOf(files), problems }
}

async function negotiateProblems(
  { checkNegotiate }: StateOptions,
  { config, problemAt }: Extract<LoadResult, { ok: true }>,
): Promise<Problem[]> {
  const { negotiate } = config.identity
  if (negotiate === null || checkNegotiate === undefined) return []
  const problem = await checkNegotiate(negotiate)
  return problem === null ? [] : [problemAt(['identity', 'negotiate'], problem)]
}

/** Folders whose changes may matter, each with the names in it that do; `null`: every YAML file. */
export function watchedFolders(
  state: Pick<LoadedState, 'config' | 'configPath'>,
): ReadonlyMap<string, ReadonlySet<string> | null> {
  const { rules, identity } = state.config
  const folders = new Map<string, Set<string> | null>()
  const addFile = (path: string): void => {
    const known = folders.get(dirname(path))
    if (known !== null) folders.set(dirname(path), new Set([...(known ?? []), basename(path)]))
  }
  addFile(state.configPath)
  if (identity.map !== null) addFile(identity.map)
  // The rules folder itself may be exchanged, also through a symbolic link.
  addFile(rules.dir)
  for (const folder of ['', '/catalogue', '/detectors', '/notices']) folders.set(`${rules.dir}${folder}`, null)
  return folders
}
