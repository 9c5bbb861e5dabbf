/**
 * Prints how well detection does: recall by group, context and detector on the labelled set, and every false positive on
 * hard lines and on ordinary code (this project and its dependencies). `node test/detect-report.ts [seed] [megabytes]`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DetectorSet } from '../src/inspect/engine.ts'
import { shippedDetectors } from './helpers/detectors.ts'
import { hardLines, type LabelledText, labelledFormats, labelledRules } from './helpers/labelled-set.ts'
import { outsideLines, outsideSet } from './helpers/outside-set.ts'

const ROOT = new URL('..', import.meta.url).pathname
const [seed = 'report', megabytes = '60'] = process.argv.slice(2)
const CODE = /\.(?:js|cjs|mjs|ts|json|md|yaml|yml|css|html|sh|py)$/
/** Addresses of people and marked documents are findings of another kind: told apart, not as false credentials. */
const PERSONAL = new Set([
  'email',
  'phone',
  'person-name-field',
  'confidential-marker',
  'internal-host',
  'private-address',
])

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const percent = (found: number, all: number): string => `${((found / Math.max(1, all)) * 100).toFixed(1)} %`.padStart(8)

function isFound(set: DetectorSet, { text, start, end }: LabelledText): boolean {
  return set.scan(text, () => false).matches.some((match) => match.start <= start && match.end >= end)
}

function recall(set: DetectorSet, rows: readonly LabelledText[]): void {
  const results = rows.map((row) => ({ row, found: isFound(set, row) }))
  const table = (title: string, keyOf: (row: LabelledText) => string, isShown: (share: number) => boolean): void => {
    const groups = Map.groupBy(results, ({ row }) => keyOf(row))
    print(`\n${title}`)
    for (const [key, entries] of groups) {
      const found = entries.filter((entry) => entry.found).length
      if (isShown(found / entries.length)) print(`${percent(found, entries.length)}  ${entries.length}  ${key}`)
    }
  }
  table(
    'recall by group',
    (row) => row.group,
    () => true,
  )
  table(
    'recall by group and context',
    (row) => `${row.group} ${row.context}`,
    () => true,
  )
  table(
    'detectors and formats found in less than nine contexts of ten',
    (row) => row.source,
    (share) => share < 0.9,
  )
}

function* codeFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== '.git') yield* codeFiles(path)
    else if (entry.isFile() && CODE.test(entry.name) && !path.startsWith(join(ROOT, 'rules'))) yield path
  }
}

function falsePositives(set: DetectorSet): void {
  const lines = [...hardLines(), ...outsideLines(seed)]
  print(`\nfalse positives on ${lines.length} hard lines`)
  for (const line of lines) {
    for (const match of set.scan(line, () => false).matches) {
      print(`  ${match.detector.id}: ${line.slice(match.start, match.end)} in ${line.slice(0, 120)}`)
    }
  }
  let characters = 0
  const counts = new Map<string, number>()
  print('\nfindings in ordinary code')
  for (const folder of ['src', 'node_modules']) {
    for (const path of codeFiles(join(ROOT, folder))) {
      if (characters > Number(megabytes) * 1e6) break
      const text = readFileSync(path, 'utf8')
      if (text.length > 2e6) continue
      characters += text.length
      for (const match of set.scan(text, () => false).matches) {
        counts.set(match.detector.id, (counts.get(match.detector.id) ?? 0) + 1)
        if (PERSONAL.has(match.detector.id)) continue
        const before = text.slice(Math.max(0, match.start - 50), match.start).replace(/\s+/g, ' ')
        print(
          `  ${match.detector.id} ${path.slice(ROOT.length)}: ${before}>>>${text.slice(match.start, match.end).slice(0, 60)}`,
        )
      }
    }
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  print(`\n${(characters / 1e6).toFixed(1)} MB, ${all} findings, ${((all / characters) * 1e6).toFixed(2)} a MB`)
  for (const [id, count] of counts) print(`  ${count}  ${id}`)
}

const detectors = shippedDetectors()
print(`${detectors.detectors.length} detectors`)
const outside = (['1', '2', '3', '4', '5'] as const).flatMap((set) =>
  outsideSet(set, seed).map((row) => ({ ...row, group: `outside-${set} ${row.group}` })),
)
recall(detectors, [...labelledFormats(seed), ...labelledRules(seed), ...outside])
falsePositives(detectors)
