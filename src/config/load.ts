/** Builds the configuration: flags go before `WEIR_*` variables, before the file, before the defaults. All problems at once. */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
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
    }
  | { readonly ok: false; readonly configPath: string; readonly problems: readonly Problem[] }

const DEFAULT_FILE = 'weir.yaml'
/** Leaves that name files and folders; relative ones are resolved. */
const PATH_LEAVES: readonly (readonly string[])[] = [
  ['certs', 'dir'],
  ['certs', 'chain'],
  ['certs', 'key'],
  ['certs', 'pkcs12'],
  ['certs', 'passphraseFile'],
  ['proxy', 'tls', 'chain'],
  ['proxy', 'tls', 'key'],
  ['proxy', 'tls', 'passphraseFile'],
  ['admin', 'tls', 'chain'],
  ['admin', 'tls', 'key'],
  ['admin', 'tls', 'passphraseFile'],
  ['rules', 'dir'],
  ['data', 'dir'],
  ['identity', 'map'],
  ['inspect', 'keyFile'],
  ['upstream', 'extraRoots'],
]

type Tree = Record<string, unknown>

/** Load and check the configuration. A missing default file means defaults; a missing named file is a problem. */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const { flags, env, cwd } = options
  const named = flags.config ?? nonEmpty(env['WEIR_CONFIG'])
  const configPath = resolve(cwd, named ?? DEFAULT_FILE)
  const shown = named ?? DEFAULT_FILE
  const read = await readYamlFile(configPath, shown)
  const problems: Problem[] = []
  const source = read.ok ? read.source : null
  if (!read.ok && !(read.isMissing && named === undefined)) problems.push(...read.problems)
  if (source !== null && !isTree(source.document) && source.document !== null)
    problems.push(problemOf(shown, 1, '', 'the file must hold sections such as `proxy:`'))
  const fromEnv = await readEnv(env, leavesOf(configSchema.parse({})))
  problems.push(...fromEnv.problems)
  const overlays = [...fromEnv.values, ...flagValues(flags)]
  const tree = isTree(source?.document) ? structuredClone(source.document) : {}
  absolutePaths(tree, dirname(configPath))
  for (const { path, value } of overlays) put(tree, path, fromCwd(path, value, cwd))
  const parsed = configSchema.safeParse(tree)
  if (!parsed.success) problems.push(...schemaProblems(parsed.error, { source, shown, overlays }))
  if (!parsed.success || problems.some((problem) => problem.severity === 'error'))
    return { ok: false, configPath, problems }
  const config = parsed.data
  // The key belongs to the data unless somebody puts it elsewhere.
  if (!isGiven(tree, ['inspect', 'keyFile'])) config.inspect.keyFile = join(config.data.dir, 'keys', 'placeholder.key')
  absolutePaths(config, source === null ? cwd : dirname(configPath))
  problems.push(...crossChecks(config, source, shown))
  if (problems.some((problem) => problem.severity === 'error')) return { ok: false, configPath, problems }
  return {
    ok: true,
    config: deepFreeze(config),
    configPath,
    hasFile: source !== null,
    isObserving: flags.observe ?? isYes(env['WEIR_OBSERVE']),
    files: source === null ? [] : [{ file: shown, text: source.text }],
    problems,
  }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
const isYes = (text: string | undefined): boolean => text === '1' || text === 'true'
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function flagValues(flags: ConfigFlags): EnvValue[] {
  const values: EnvValue[] = []
  if (flags.listen !== undefined) values.push({ path: ['proxy', 'listen'], value: [...flags.listen], name: '--listen' })
  if (flags.admin !== undefined) values.push({ path: ['admin', 'listen'], value: flags.admin, name: '--admin' })
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

/** Make every path leaf absolute from a folder; what is no text stays for the schema to refuse. */
function absolutePaths(tree: Tree, folder: string): void {
  for (const path of PATH_LEAVES) {
    const parent = path.slice(0, -1).reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree)
    const key = path.at(-1) ?? ''
    if (isTree(parent) && parent[key] !== undefined) parent[key] = absolute(parent[key], folder)
  }
}

function absolute(value: unknown, folder: string): unknown {
  if (typeof value === 'string' && value !== '' && !isAbsolute(value)) return resolve(folder, value)
  return Array.isArray(value) ? value.map((item: unknown) => absolute(item, folder)) : value
}

const fromCwd = (path: readonly string[], value: unknown, cwd: string): unknown =>
  PATH_LEAVES.some((leaf) => leaf.join('.') === path.join('.')) ? absolute(value, cwd) : value

const isGiven = (tree: Tree, path: readonly string[]): boolean =>
  path.reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), tree) !== undefined

interface Origins {
  readonly source: YamlSource | null
  readonly shown: string
  readonly overlays: readonly EnvValue[]
}

const problemOf = (
  file: string,
  line: number | null,
  path: string,
  message: string,
  severity: Problem['severity'] = 'error',
): Problem => ({ file, line, path, message, severity })

/** Zod's issues, each with the line, variable or flag that the value came from. Values are never shown: some are secret. */
function schemaProblems(error: z.ZodError, origins: Origins): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        located([...issue.path, key], `unknown key \`${key}\`: remove it or correct its name`, origins),
      )
    return [located(issue.path, lowerFirst(issue.message), origins)]
  })
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

function located(keys: readonly PropertyKey[], message: string, { source, shown, overlays }: Origins): Problem {
  const path = keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./u, '')
  const overlay = overlays.findLast((each) => each.path.every((key, index) => keys[index] === key))
  if (overlay === undefined) return problemOf(shown, source?.lineAt(keys) ?? null, path, message)
  const origin = overlay.name.startsWith('--') ? `flag ${overlay.name}` : `environment ${overlay.name}`
  return problemOf(origin, null, path, message)
}

/** What no single value can tell. */
function crossChecks(config: WeirConfig, source: YamlSource | null, shown: string): Problem[] {
  const problems: Problem[] = []
  const at = (keys: readonly string[]): number | null => source?.lineAt(keys) ?? null
  const { certs, proxy, admin, notice } = config
  if (certs.pkcs12 !== null && (certs.chain !== null || certs.key !== null))
    problems.push(
      problemOf(shown, at(['certs', 'pkcs12']), 'certs.pkcs12', 'give either `pkcs12` or `chain` and `key`'),
    )
  if ((certs.chain === null) !== (certs.key === null))
    problems.push(problemOf(shown, at(['certs']), 'certs', '`chain` and `key` belong together'))
  if (notice.askUrl !== null && !notice.askUrl.includes('{event}'))
    problems.push(
      problemOf(
        shown,
        at(['notice', 'askUrl']),
        'notice.askUrl',
        'has no `{event}`: the event id will be missing',
        'warning',
      ),
    )
  const isOpen = proxy.listen.some((each) => !/^(?:127\.|\[::1\]|localhost)/u.test(each))
  if (isOpen && proxy.networks.every((network) => /^(?:127\.|::1)/u.test(network)))
    problems.push(
      problemOf(
        shown,
        at(['proxy', 'networks']),
        'proxy.networks',
        'listens for the network, but only loopback clients are let in: add networks',
        'warning',
      ),
    )
  if (proxy.listen.includes(admin.listen) && !admin.listen.endsWith(':0'))
    problems.push(problemOf(shown, at(['admin', 'listen']), 'admin.listen', 'is also an address of the proxy'))
  for (const key of Object.keys(config.upstream.resolve))
    if (!/^[^\s:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/u.test(key))
      problems.push(
        problemOf(
          shown,
          at(['upstream', 'resolve', key]),
          `upstream.resolve["${key}"]`,
          'write the pinned name as `host:port`',
        ),
      )
  return problems
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
