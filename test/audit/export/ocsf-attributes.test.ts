import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { ocsfRows } from '../../../src/audit/export/ocsf.ts'
import { loadOcsfSchema, ocsfSchemaDir } from '../../helpers/ocsf-schema.ts'
import { goldenCases, recordOf, written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'
import { attributePaths } from './ocsf-paths.ts'

interface Row {
  readonly type: string
  readonly requirement: string
  readonly array?: boolean
  readonly profile?: string
  readonly enum?: readonly unknown[]
}

const path = new URL('../../cases/audit/export/ocsf-attributes.yaml', import.meta.url)
const table = parse(readFileSync(path, 'utf8')) as Readonly<Record<string, Readonly<Record<string, Row>>>>

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  boolean_t: (value) => typeof value === 'boolean',
  integer_t: (value) => Number.isSafeInteger(value),
  long_t: (value) => Number.isSafeInteger(value),
  timestamp_t: (value) => Number.isSafeInteger(value),
  port_t: (value) => Number.isSafeInteger(value) && Number(value) <= 65535,
  json_t: () => true,
}
const isText = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed()
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

function isOfType(value: unknown, { type, array }: Row): boolean {
  if (array === true && type !== 'string_t' && !Array.isArray(value)) return isObject(value)
  if (Array.isArray(value)) return array === true && value.every((item) => isOfType(item, { type, requirement: '' }))
  return (SCALARS[type] ?? (type.endsWith('_t') ? isText : isObject))(value)
}

const eventsOf = (rows: string): Record<string, unknown>[] =>
  rows
    .trimEnd()
    .split('\n')
    .map((row) => JSON.parse(row) as Record<string, unknown>)

/** What the table finds wrong with one event. */
function problemsOf(event: Record<string, unknown>): string[] {
  const rows = table[String(event['class_uid'])] ?? {}
  const required = Object.keys(rows).filter((name) => rows[name]?.requirement === 'required' && !name.includes('.'))
  const missing = required.filter((name) => event[name] === undefined).map((name) => `${name}: missing`)
  const wrong = attributePaths(event).flatMap(([name, value]) => {
    const row = rows[name]
    if (row === undefined) return [`${name}: not in the table`]
    if (!isOfType(value, row)) return [`${name}: no ${row.type}`]
    return row.enum === undefined || row.enum.includes(value) ? [] : [`${name}: ${String(value)} is not in its list`]
  })
  return [...missing, ...wrong]
}

t.test('any event has only attributes of the table, of its types and values', async () => {
  fc.assert(
    fc.property(anyEvent, fc.boolean(), (event, isErased) => {
      const { line, record } = written(event, isErased)
      const problems = eventsOf(ocsfRows(record, [line])).flatMap(problemsOf)
      if (problems.length > 0) throw new Error(problems.join('\n'))
    }),
    { numRuns: 200 },
  )
})

t.test('every attribute of the table is emitted somewhere', async (t) => {
  const seen = new Set<string>()
  for (const section of ['network', 'verdict', 'finding', 'entity']) {
    for (const { from } of goldenCases('ocsf.yaml', section)) {
      const record = recordOf(from)
      for (const event of [...eventsOf(ocsfRows(record)), ...eventsOf(ocsfRows(record, ['{}']))]) {
        t.strictSame(problemsOf(event), [])
        for (const [name] of attributePaths(event)) seen.add(`${String(event['class_uid'])} ${name}`)
      }
    }
  }
  const named = Object.entries(table).flatMap(([uid, rows]) => Object.keys(rows).map((name) => `${uid} ${name}`))
  t.ok(named.length > 300, `${named.length} attributes`)
  t.strictSame(
    named.filter((name) => !seen.has(name)),
    [],
  )
})

const dir = ocsfSchemaDir()
t.test(
  'the table says what the schema says',
  { skip: dir === null && 'no schema folder: set WEIR_OCSF_SCHEMA' },
  async (t) => {
    if (dir === null) return
    const schema = loadOcsfSchema(dir)
    for (const [uid, rows] of Object.entries(table)) {
      for (const [name, row] of Object.entries(rows)) {
        const attribute = schema.attribute(Number(uid), name)
        const said = { type: row.type, requirement: row.requirement, array: row.array, profile: row.profile }
        const { type, requirement, is_array: array, profile } = attribute ?? {}
        t.strictSame(said, { type, requirement, array, profile: profile ?? undefined }, `${uid} ${name}`)
        const isNumbered = ['class_uid', 'category_uid', 'type_uid', 'type_id'].includes(name.split('.').at(-1) ?? '')
        if (attribute?.enum === undefined || isNumbered) continue
        t.strictSame(
          row.enum?.filter((value) => !Object.hasOwn(attribute.enum ?? {}, String(value))),
          [],
          `${uid} ${name}`,
        )
      }
    }
  },
)
