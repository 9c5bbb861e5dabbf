/** Golden cases of the export formats: a kind of record with changes, and what single fields of the export must be. */
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { parse } from 'yaml'
import type { ExchangeRecord } from '../../../src/audit/event-query.ts'
import { canonicalJson } from '../../../src/audit/export/canonical-json.ts'
import type { AuditEvent } from '../../../src/domain/audit-event.ts'
import { admin, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'

export interface GoldenCase {
  readonly title: string
  readonly from: Readonly<Record<string, unknown>>
  readonly gives: Readonly<Record<string, unknown>> | null
}

const KINDS = { outcome: singleOutcome, following: followingOutcome, intent, tunnel, config, admin }

/** One section of a file in test/cases/audit/export. Throws when there is none: a test of no cases would always pass. */
export function goldenCases(file: string, section: string): GoldenCase[] {
  const path = new URL(`../../cases/audit/export/${file}`, import.meta.url)
  const cases = (parse(readFileSync(path, 'utf8')) as Record<string, GoldenCase[]>)[section] ?? []
  if (cases.length === 0) throw new Error(`${file} has no cases of \`${section}\``)
  return cases
}

export interface Written {
  /** The record's line in the event file. */
  readonly line: string
  /** What readers make of it. */
  readonly record: ExchangeRecord
}

/**
 * An event as it is written and read; `isErased`: its person is not known any more. Texts are neither cut nor made
 * inert on the way: a format must cope with what it is given.
 */
export function written(event: AuditEvent, isErased = false): Written {
  const place = { prevHash: 'a'.repeat(64), seq: 7, stream: 'n1-w0' }
  if (!('client' in event)) return lineOf({ ...event, ...place })
  const { client, ...fields } = event
  const { address: addr, user, groups, device, network, assurance } = client
  const { line, record } = lineOf({ ...fields, ...place, assurance, who: 'p_x', whoDigest: 'b'.repeat(64) })
  return { line, record: { ...record, client: isErased ? null : { addr, user, groups, device, network } } }
}

function lineOf(fields: object): Written {
  const line = canonicalJson(fields)
  return { line, record: JSON.parse(line) as ExchangeRecord }
}

/** The record that a case describes. */
export function recordOf({ kind = 'outcome', erased = false, ...changes }: GoldenCase['from']): ExchangeRecord {
  const make = KINDS[kind as keyof typeof KINDS] as (changes: object) => AuditEvent
  return written(make({ flow: '01FLOW', id: '01ID', ...changes }), erased === true).record
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
