/** Reads the rules folder: catalogue, policy, detectors and notices, each file with its lines. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../domain/settings.ts'
import { readYamlFile, type YamlSource } from './yaml-file.ts'

export interface RulesFiles {
  /** `catalogue/*.yaml` by name. */
  readonly catalogue: readonly YamlSource[]
  /** `policy.yaml`; `null` when it could not be read, then `problems` says why. */
  readonly policy: YamlSource | null
  /** `detectors/*.yaml` by name. */
  readonly detectors: readonly YamlSource[]
  /** `notices/*.yaml` by name. */
  readonly notices: readonly YamlSource[]
  /** Files and folders that could not be read or parsed. */
  readonly problems: readonly Problem[]
}

/** Read all of it; what cannot be read becomes a problem, the rest is read all the same. `shown` is the folder as problems name it. */
export async function readRulesFiles(dir: string, shown: string = dir): Promise<RulesFiles> {
  const problems: Problem[] = []
  const [catalogue, detectors, notices] = await Promise.all(
    ['catalogue', 'detectors', 'notices'].map((folder) =>
      readFolder(join(dir, folder), `${shown}/${folder}`, problems),
    ),
  )
  const policy = await readOne(join(dir, 'policy.yaml'), `${shown}/policy.yaml`, problems)
  return { catalogue: catalogue ?? [], policy, detectors: detectors ?? [], notices: notices ?? [], problems }
}

async function readFolder(dir: string, shown: string, problems: Problem[]): Promise<YamlSource[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = code === 'ENOENT' ? 'this folder is missing: set rules.dir or create it' : `cannot be read: ${code}`
    problems.push({ file: shown, line: null, path: '', message, severity: 'error' })
    return []
  }
  const wanted = names.filter((name) => /^[^.].*\.ya?ml$/u.test(name)).sort()
  const sources = await Promise.all(wanted.map((name) => readOne(join(dir, name), `${shown}/${name}`, problems)))
  return sources.filter((source) => source !== null)
}

async function readOne(path: string, shown: string, problems: Problem[]): Promise<YamlSource | null> {
  const result = await readYamlFile(path, shown)
  if (result.ok) return result.source
  problems.push(...result.problems)
  return null
}
