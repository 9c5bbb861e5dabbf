/** Configuration from `WEIR_*` variables. The name follows from the path: `proxy.maxHeaderBytes` is `WEIR_PROXY_MAX_HEADER_BYTES`. */
import { readFile } from 'node:fs/promises'
import type { Problem } from '../domain/settings.ts'
import { parseYaml } from './yaml-file.ts'

/** One leaf of the configuration: where it is and what its default looks like. */
export interface ConfigLeaf {
  readonly path: readonly string[]
  readonly preset: unknown
}

export interface EnvValue {
  readonly path: readonly string[]
  readonly value: unknown
  /** The variable it comes from. */
  readonly name: string
}

export interface EnvResult {
  readonly values: readonly EnvValue[]
  readonly problems: readonly Problem[]
}

type Env = Readonly<Record<string, string | undefined>>

/** Leaves that may hold a password: they can also come from a file, by the variable's name and `_FILE`. */
export const SECRET_PATHS: ReadonlySet<string> = new Set(['upstream.parent'])

/** Variables with a meaning of their own. */
const OTHER_NAMES: ReadonlySet<string> = new Set(['WEIR_CONFIG', 'WEIR_OBSERVE'])
/** Kubernetes sets these for a service that is called `weir`. */
const KUBERNETES_NAME = /^WEIR_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_[A-Z0-9_]+)?$/u

/** `['proxy', 'maxHeaderBytes']` to `WEIR_PROXY_MAX_HEADER_BYTES`. */
export const envName = (path: readonly string[]): string =>
  `WEIR_${path.map((key) => key.replace(/[A-Z]/gu, '_$&').toUpperCase()).join('_')}`

/** Every leaf of the configuration's defaults. Empty objects and lists are leaves. */
export function leavesOf(defaults: unknown, path: readonly string[] = []): ConfigLeaf[] {
  const isSection =
    typeof defaults === 'object' && defaults !== null && !Array.isArray(defaults) && Object.keys(defaults).length > 0
  if (!isSection) return [{ path, preset: defaults }]
  return Object.entries(defaults).flatMap(([key, value]) => leavesOf(value, [...path, key]))
}

/** Read all variables; unknown ones are warnings, for other programs may use the prefix. */
export async function readEnv(env: Env, leaves: readonly ConfigLeaf[]): Promise<EnvResult> {
  const byName = new Map(leaves.map((leaf) => [envName(leaf.path), leaf]))
  const values: EnvValue[] = []
  const problems: Problem[] = []
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith('WEIR_') || text === undefined || OTHER_NAMES.has(name)) continue
    const leaf = byName.get(name)
    const secret = name.endsWith('_FILE') ? byName.get(name.slice(0, -'_FILE'.length)) : undefined
    if (leaf !== undefined) values.push({ path: leaf.path, value: valueOf(text, leaf.preset), name })
    else if (secret !== undefined && SECRET_PATHS.has(secret.path.join('.')))
      await readSecret({ name, file: text, path: secret.path }, values, problems)
    else if (!KUBERNETES_NAME.test(name)) problems.push(problem(name, 'no such setting: it has no effect', 'warning'))
  }
  return { values, problems }
}

async function readSecret(
  secret: { readonly name: string; readonly file: string; readonly path: readonly string[] },
  values: EnvValue[],
  problems: Problem[],
): Promise<void> {
  try {
    const text = await readFile(secret.file, 'utf8')
    values.push({ path: secret.path, value: text.trimEnd(), name: secret.name })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    problems.push(problem(secret.name, `\`${secret.file}\` cannot be read: ${code}`, 'error'))
  }
}

const problem = (name: string, message: string, severity: Problem['severity']): Problem => ({
  file: `environment ${name}`,
  line: null,
  path: '',
  message,
  severity,
})

/**
 * Text to the kind of value that the default has: numbers, lists (commas or YAML), objects (YAML).
 * What does not look like that stays text, and the schema says what is wrong.
 */
function valueOf(text: string, preset: unknown): unknown {
  const isYaml = /^\s*[[{]/u.test(text)
  if (isYaml && (preset === null || typeof preset === 'object')) return yamlValue(text)
  if (typeof preset === 'number') return /^\s*\d{1,15}\s*$/u.test(text) ? Number(text) : text
  if (Array.isArray(preset))
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  if (preset === null && (text === '' || text === 'null')) return null
  return text
}

function yamlValue(text: string): unknown {
  const parsed = parseYaml('environment', text)
  return parsed.ok ? parsed.source.document : text
}
