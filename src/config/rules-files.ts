/** Reads the rules folder: catalogue, policy, detectors and notices, each file with its lines. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RulePart, RuleProblem } from './rule-parts.ts'
import { readYamlFile, type YamlSource } from './yaml-file.ts'

export interface RulesFiles {
  /** The folder as problems name it. */
  readonly shown: string
  /** `catalogue/*.yaml` by name. */
  readonly catalogue: readonly YamlSource[]
  /** `policy.yaml`; `null` when it could not be read, then `problems` says why. */
  readonly policy: YamlSource | null
  /** `detectors/*.yaml` by name. */
  readonly detectors: readonly YamlSource[]
  /** `notices/*.yaml` by name. */
  readonly notices: readonly YamlSource[]
  /** Files and folders that could not be read or parsed. */
  readonly problems: readonly RuleProblem[]
}

/** Read all of it; what cannot be read becomes a problem, the rest is read all the same. */
export async function readRulesFiles(dir: string, shown: string = dir): Promise<RulesFiles> {
  const problems: RuleProblem[] = []
  const folder = (part: RulePart): Promise<YamlSource[]> =>
    readFolder(join(dir, part), `${shown}/${part}`, part, problems)
  const [catalogue, detectors, notices, policy] = await Promise.all([
    folder('catalogue'),
    folder('detectors'),
    folder('notices'),
    readOne(join(dir, 'policy.yaml'), `${shown}/policy.yaml`, 'policy', problems),
  ])
  return { shown, catalogue, policy, detectors, notices, problems }
}

async function readFolder(dir: string, shown: string, part: RulePart, problems: RuleProblem[]): Promise<YamlSource[]> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = code === 'ENOENT' ? 'this folder is missing: create it or set rules.dir' : `cannot be read: ${code}`
    problems.push({ file: shown, line: null, path: '', message, severity: 'error', part })
    return []
  }
  const wanted = names.filter((name) => /^[^.].*\.ya?ml$/u.test(name)).sort()
  const sources = await Promise.all(wanted.map((name) => readOne(join(dir, name), `${shown}/${name}`, part, problems)))
  return sources.filter((source) => source !== null)
}

async function readOne(
  path: string,
  shown: string,
  part: RulePart,
  problems: RuleProblem[],
): Promise<YamlSource | null> {
  const result = await readYamlFile(path, shown)
  if (result.ok) return result.source
  problems.push(...result.problems.map((problem) => ({ ...problem, part })))
  return null
}
