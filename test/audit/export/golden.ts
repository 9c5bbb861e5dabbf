/** Golden cases of the export formats: a kind of record with changes, and what single fields of the export must be. */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { parse } from 'yaml'
import { chainedLine, createEventRenderer } from '../../../src/audit/event-line.ts'
import type { ExchangeRecord } from '../../../src/audit/event-query.ts'
import { readRecord } from '../../../src/audit/merge-records.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'
import { plainPersons } from '../plain-persons.ts'

export interface GoldenCase {
  readonly title: string
  readonly from: Readonly<Record<string, unknown>>
  readonly gives: Readonly<Record<string, unknown>> | null
}

const KINDS = { outcome: singleOutcome, following: followingOutcome, intent, tunnel, config, admin }
const render = createEventRenderer(plainPersons)

/** One section of a file in test/cases/audit/export. */
export function goldenCases(file: string, section: string): GoldenCase[] {
  const path = new URL(`../../cases/audit/export/${file}`, import.meta.url)
  return (parse(readFileSync(path, 'utf8')) as Record<string, GoldenCase[]>)[section] ?? []
}

/** What readers make of the record that a case describes; written and read like any other. */
export function recordOf({ kind = 'outcome', erased = false, ...changes }: GoldenCase['from']): ExchangeRecord {
  const make = KINDS[kind as keyof typeof KINDS] as (changes: object) => Parameters<typeof render>[0]
  const rendered = render(make({ flow: '01FLOW', id: '01ID', ...changes }))
  const line = chainedLine(rendered, { stream: 'n1-w0', seq: 7, prevHash: 'a'.repeat(64) })
  return readRecord({ line, personal: erased === true ? null : rendered.personal })
}

/** The value at `a.b.0.c`; what is missing is `null`. */
export function atPath(value: unknown, path: string): unknown {
  if (typeof value === 'object' && value !== null && path in value) return (value as Record<string, unknown>)[path]
  const found = path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], value)
  return found ?? null
}

/** Run all cases of a section against what `make` exports; it returns `null` where there is nothing to export. */
export function runGolden(t: Test, cases: readonly GoldenCase[], make: (record: ExchangeRecord) => unknown): void {
  t.ok(cases.length > 0, 'there are cases')
  for (const { title, from, gives } of cases) {
    const exported: unknown = JSON.parse(JSON.stringify(make(recordOf(from))))
    if (gives === null) t.equal(exported, null, title)
    else {
      const got = Object.fromEntries(Object.keys(gives).map((path) => [path, atPath(exported, path)]))
      t.strictSame(got, gives, title)
    }
  }
}
