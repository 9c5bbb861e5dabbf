/** Reads the rules folder: catalogue, policy, detectors and notices, each file with its lines. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TableSources } from '../inspect/read-tables.ts'
import type { RulePart, RuleProblem } from './rule-parts.ts'
import { readTableFiles } from './table-files.ts'
import { readYamlFile, type YamlSource } from './yaml-file.ts'

export interface RulesFiles {
  /** The folder as problems name it. */
  readonly shown: string
  /** `catalogue/*.yaml` by name. */
  readonly catalogue: readonly YamlSource[]
  /** `policy.yaml`; `null` when it could not be read, then `problems` says why. */
  readonly policy: YamlSource | null
  /** `never.yaml`; `null` where there is none. */
  readonly never?: YamlSource | null
  /** `detectors/*.yaml` by name. */
  readonly detectors: readonly YamlSource[]
  /** `detectors/*.txt` and `detectors/*.fp` by name: what rules name as `dictionary` and `fingerprints`. */
  readonly tables: TableSources
  /** `notices/*.yaml` by name. */
  readonly notices: readonly YamlSource[]
  /** Files and folders that could not be read or parsed. */
  readonly problems: readonly RuleProblem[]
}

/**
 * Read all of it; what cannot be read becomes a problem, the rest is read all the same. A file whose text is as it was in
 * `previous` is not parsed again: its source is the same object.
 */
export async function readRulesFiles(
  dir: string,
  shown: string = dir,
  previous: RulesFiles | null = null,
): Promise<RulesFiles> {
  const problems: RuleProblem[] = []
  const known = knownSources(previous)
  const folder = (part: RulePart): Promise<YamlSource[]> =>
    readFolder(join(dir, part), `${shown}/${part}`, { part, problems, known })
  const [catalogue, detectors, tables, notices, policy, never] = await Promise.all([
    folder('catalogue'),
    folder('detectors'),
    readTableFiles(join(dir, 'detectors'), `${shown}/detectors`, previous?.tables ?? null),
    folder('notices'),
    readOne(join(dir, 'policy.yaml'), `${shown}/policy.yaml`, { part: 'policy', problems, known }),
    readOne(join(dir, 'never.yaml'), `${shown}/never.yaml`, { part: 'policy', problems, known, isOptional: true }),
  ])
  problems.push(...tables.problems.map((problem): RuleProblem => ({ ...problem, part: 'detectors' })))
  return { shown, catalogue, policy, never, detectors, tables: tables.sources, notices, problems }
}

interface Reading {
  readonly part: RulePart
  readonly problems: RuleProblem[]
  readonly known: ReadonlyMap<string, YamlSource>
  /** Nothing is wrong where it is missing. */
  readonly isOptional?: boolean
}

const knownSources = (previous: RulesFiles | null): ReadonlyMap<string, YamlSource> => {
  if (previous === null) return new Map()
  const { catalogue, detectors, notices, policy, never = null } = previous
  const sources = [...catalogue, ...detectors, ...notices, policy, never].filter((source) => source !== null)
  return new Map(sources.map((source) => [source.file, source]))
}

async function readFolder(dir: string, shown: string, reading: Reading): Promise<YamlSource[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = code === 'ENOENT' ? 'this folder is missing: create it or set rules.dir' : `cannot be read: ${code}`
    reading.problems.push({ file: shown, line: null, path: '', message, severity: 'error', part: reading.part })
    return []
  }
  const wanted = names.filter((name) => /^[^.].*\.ya?ml$/u.test(name)).sort()
  const sources = await Promise.all(wanted.map((name) => readOne(join(dir, name), `${shown}/${name}`, reading)))
  return sources.filter((source) => source !== null)
}

async function readOne(path: string, shown: string, reading: Reading): Promise<YamlSource | null> {
  const { part, problems, known, isOptional = false } = reading
  const result = await readYamlFile(path, shown, known.get(shown) ?? null)
  if (result.ok) return result.source
  if (isOptional && result.isMissing) return null
  problems.push(...result.problems.map((problem) => ({ ...problem, part })))
  return null
}
