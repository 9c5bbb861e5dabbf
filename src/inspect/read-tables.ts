/** The files that rules name instead of a pattern: a company's terms, and the fingerprints of its source code. */
import type { Problem } from '../domain/settings.ts'
import type { DetectorRule } from './detector-schema.ts'
import { type DictionarySource, readDictionary } from './dictionary.ts'
import { decodeFingerprints, type FingerprintSource } from './fingerprint-file.ts'
import { buildFingerprintTable } from './fingerprints.ts'
import type { PlaceTable } from './place-table.ts'
import { buildTermTable } from './term-table.ts'

export interface TableSources {
  readonly dictionaries: readonly DictionarySource[]
  readonly fingerprints: readonly FingerprintSource[]
}

export const NO_TABLES: TableSources = { dictionaries: [], fingerprints: [] }

/** A rule and where it stands. */
interface PlacedRule {
  readonly rule: DetectorRule
  readonly source: { readonly file: string; readonly lineOf: (path: string) => number | null }
  readonly path: string
}

/** The table of every rule that names a file; what is wrong with the files is added to `problems`. */
export function readTables<R extends PlacedRule>(
  placed: readonly R[],
  sources: TableSources,
  problems: Problem[],
): ReadonlyMap<R, PlaceTable> {
  const tables = new Map<R, PlaceTable>()
  for (const each of placed) {
    const table = termsOf(each, sources, problems) ?? fingerprintsOf(each, sources, problems)
    if (table !== null) tables.set(each, table)
  }
  return tables
}

function termsOf(each: PlacedRule, { dictionaries }: TableSources, problems: Problem[]): PlaceTable | null {
  const { dictionary, ignoreCase } = each.rule
  if (dictionary === undefined) return null
  const source = dictionaries.find(({ name }) => name === dictionary)
  if (source === undefined) {
    problems.push(missing(each, 'dictionary', dictionary))
    return null
  }
  const read = readDictionary(source)
  problems.push(...read.problems)
  return buildTermTable(read.terms, { ignoresCase: ignoreCase })
}

function fingerprintsOf(each: PlacedRule, { fingerprints }: TableSources, problems: Problem[]): PlaceTable | null {
  const wanted = each.rule.fingerprints
  if (wanted === undefined) return null
  const source = fingerprints.find(({ name }) => name === wanted)
  if (source === undefined) {
    problems.push(missing(each, 'fingerprints', wanted))
    return null
  }
  const read = decodeFingerprints(source.bytes)
  if (read.ok) return buildFingerprintTable(read.hashes)
  problems.push({ file: source.file, line: null, path: '', message: read.problem, severity: 'error' })
  return null
}

function missing({ source, path }: PlacedRule, key: string, name: string): Problem {
  const at = `${path}.${key}`
  const message = `there is no \`${name}\` in this folder: add it, or take this rule out`
  return { file: source.file, line: source.lineOf(at), path: at, message, severity: 'error' }
}
