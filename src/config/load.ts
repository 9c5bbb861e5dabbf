/** Builds the configuration: flags go before `WEIR_*` variables, before the file, before the defaults. All problems at once. */
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import { absolutePaths, fromCwd, isTree, type Tree } from './config-paths.ts'
import { crossChecks, problemOf, schemaProblems } from './config-problems.ts'
import { type EnvValue, leavesOf, readEnv } from './env.ts'
import { configSchema, type WeirConfig } from './schema.ts'
import { readYamlFile, type YamlSource } from './yaml-file.ts'

/** What the command line may set. */
export interface ConfigFlags {
  /** Path of the configuration file; `weir.yaml` in the working folder when left out. */
  readonly config?: string
  /** `--listen`. */
  readonly listen?: readonly string[]
  /** `--admin`. */
  readonly admin?: string
  /** Rules folder instead of `rules.dir`. */
  readonly rulesDir?: string
  /** `--observe`: the policy's mode, whatever the file says. */
  readonly observe?: boolean
}

export interface LoadOptions {
  readonly flags: ConfigFlags
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export type LoadResult =
  | {
      readonly ok: true
      readonly config: WeirConfig
      /** Absolute path of the file that was read or that would be; it may not exist. */
      readonly configPath: string
      readonly hasFile: boolean
      /** Enforcement is off for this run. */
      readonly isObserving: boolean
      /** The text that the configuration came from, for its revision. */
      readonly files: readonly { readonly file: string; readonly text: string }[]
      /** Warnings. */
      readonly problems: readonly Problem[]
      /** A problem of one value that only shows outside the file. */
      readonly problemAt: (keys: readonly string[], message: string) => Problem
    }
  | {
      readonly ok: false
      readonly configPath: string
      readonly problems: readonly Problem[]
      /** The defaults, with the rules folder where the file says it is, so that the rules can be checked too. */
      readonly fallback: WeirConfig
    }

const DEFAULT_FILE = 'weir.yaml'

/** Load and check the configuration. A missing default file means defaults; a missing named file is a problem. */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const file = await readConfigFile(options)
  const { configPath, shown, source } = file
  const fromEnv = await readEnv(options.env, leavesOf(configSchema.parse({})))
  const overlays = [...fromEnv.values, ...flagValues(options.flags)]
  const tree = treeOf(file, overlays, options.cwd)
  const parsed = configSchema.safeParse(tree)
  const problems = [...file.problems, ...fromEnv.problems]
  if (parsed.success) problems.push(...crossChecks(parsed.data, source, shown))
  else problems.push(...schemaProblems(parsed.error, { source, shown, overlays }))
  const folder = source === null ? options.cwd : dirname(configPath)
  if (!parsed.success || problems.some((problem) => problem.severity === 'error'))
    return { ok: false, configPath, problems, fallback: fallbackOf(tree, folder) }
  return {
    ok: true,
    config: finish(parsed.data, tree, folder),
    configPath,
    hasFile: source !== null,
    isObserving: options.flags.observe ?? isYes(options.env['WEIR_OBSERVE']),
    files: source === null ? [] : [{ file: DEFAULT_FILE, text: source.text }],
    problems,
    problemAt: (keys, message) => problemOf(shown, source?.lineAt(keys) ?? null, keys.join('.'), message),
  }
}

interface ConfigFile {
  readonly configPath: string
  /** As the user named it. */
  readonly shown: string
  readonly source: YamlSource | null
  readonly problems: readonly Problem[]
}

async function readConfigFile({ flags, env, cwd }: LoadOptions): Promise<ConfigFile> {
  const named = flags.config ?? nonEmpty(env['WEIR_CONFIG'])
  const shown = named ?? DEFAULT_FILE
  const configPath = resolve(cwd, shown)
  const read = await readYamlFile(configPath, shown)
  if (!read.ok) {
    const isFine = read.isMissing && named === undefined
    return { configPath, shown, source: null, problems: isFine ? [] : read.problems }
  }
  const { document } = read.source
  const isSections = isTree(document) || document === null
  const problems = isSections ? [] : [problemOf(shown, 1, '', 'the file must hold sections such as `proxy:`')]
  return { configPath, shown, source: read.source, problems }
}

/** The file's values with the others laid over them; paths absolute. */
function treeOf({ source, configPath }: ConfigFile, overlays: readonly EnvValue[], cwd: string): Tree {
  const tree = isTree(source?.document) ? structuredClone(source.document) : {}
  absolutePaths(tree, dirname(configPath))
  for (const { path, value } of overlays) put(tree, path, fromCwd(path, value, cwd))
  return tree
}

/** The last touches: the placeholder key lies with the data unless somebody puts it elsewhere. */
function finish(config: z.output<typeof configSchema>, tree: Tree, folder: string): WeirConfig {
  if (!isGiven(tree, ['inspect', 'keyFile'])) config.inspect.keyFile = join(config.data.dir, 'keys', 'placeholder.key')
  absolutePaths(config, folder)
  return deepFreeze(config)
}

function fallbackOf(tree: Tree, folder: string): WeirConfig {
  const dir = isTree(tree['rules']) ? tree['rules']['dir'] : undefined
  return finish(configSchema.parse(typeof dir === 'string' && dir !== '' ? { rules: { dir } } : {}), {}, folder)
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
const isYes = (text: string | undefined): boolean => text === '1' || text === 'true'

function flagValues(flags: ConfigFlags): EnvValue[] {
  const values: EnvValue[] = []
  if (flags.listen !== undefined) values.push({ path: ['proxy', 'listen'], value: [...flags.listen], name: '--listen' })
  if (flags.admin !== undefined) values.push({ path: ['admin', 'listen'], value: flags.admin, name: '--admin' })
  if (flags.rulesDir !== undefined) values.push({ path: ['rules', 'dir'], value: flags.rulesDir, name: 'rules folder' })
  return values
}

/** Set a leaf, making the sections on the way; a section that is no section stays for the schema to refuse. */
function put(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree
  for (const key of path.slice(0, -1)) {
    const next = at[key] ?? {}
    if (!isTree(next)) return
    at[key] = next
    at = next
  }
  at[path.at(-1) ?? ''] = value
}

const isGiven = (tree: Tree, path: readonly string[]): boolean =>
  path.reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree) !== undefined

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
