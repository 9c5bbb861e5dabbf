/** Detectors for tests: the shipped rule files, or a few rules written in the test. */
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { compileDetectors, type DetectorSource } from '../../src/inspect/compile-detectors.ts'
import type { DetectorSet, ScanResult } from '../../src/inspect/engine.ts'

const RULES = new URL('../../rules/detectors/', import.meta.url)

/** Every rule file, as the configuration would read it; a company's terms and fingerprints beside them are left out. */
export const shippedSources = (): DetectorSource[] =>
  readdirSync(RULES)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .map((file) => ({
      file,
      document: withoutTables(parse(readFileSync(new URL(file, RULES), 'utf8'))),
      lineOf: () => null,
    }))

function withoutTables(document: unknown): unknown {
  const { version, detectors } = document as { readonly version: unknown; readonly detectors: readonly object[] }
  return { version, detectors: detectors.filter((rule) => !('dictionary' in rule || 'fingerprints' in rule)) }
}

/** Rules as plain values → a source with line numbers of its own: `detectors[3]` is line 4. */
export const sourceOf = (detectors: unknown, file = 'test.yaml'): DetectorSource => ({
  file,
  document: { version: 1, detectors },
  lineOf: (path) => Number(/\[(\d+)\]/.exec(path)?.[1] ?? -1) + 1,
})

export function compiled(sources: readonly DetectorSource[]): DetectorSet {
  const result = compileDetectors(sources)
  if (!result.ok) throw new Error(result.problems.map((problem) => `${problem.path}: ${problem.message}`).join('\n'))
  return result.detectors
}

export const shippedDetectors = (): DetectorSet => compiled(shippedSources())

/** `id=text` of every hit. */
export const hits = (set: DetectorSet, text: string): string[] =>
  scan(set, text).matches.map((match) => `${match.detector.id}=${text.slice(match.start, match.end)}`)

export const scan = (set: DetectorSet, text: string): ScanResult => set.scan(text, () => false)
