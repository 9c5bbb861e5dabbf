/** `docs/exports.md` names the fields that the formats really have. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { cefRow } from '../../src/audit/export/cef.ts'
import { CSV_COLUMNS } from '../../src/audit/export/columns.ts'
import { ecsDocument } from '../../src/audit/export/ecs.ts'
import { EXPORT_FORMAT_NAMES } from '../../src/audit/export/formats.ts'
import { PARQUET_COLUMNS } from '../../src/audit/export/parquet.ts'
import { goldenCases, recordOf } from '../audit/export/golden.ts'
import { readCef } from '../audit/export/read-cef.ts'
import { read } from './project.ts'

const doc = read('docs/exports.md')
const section = (title: string): string => doc.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
const named = (cell: string | undefined): string[] =>
  [...(cell ?? '').matchAll(/`([^`]+)`/gu)].map((found) => found[1] ?? '')

const records = [
  'ocsf.yaml network',
  'ocsf.yaml verdict',
  'ocsf.yaml entity',
  'ecs.yaml cases',
  'cef.yaml cases',
].flatMap((from) => goldenCases(from.split(' ')[0] ?? '', from.split(' ')[1] ?? '').map((one) => recordOf(one.from)))
const fields = rows(section('Fields'))

/** Dotted names; what is inside `weir` stops at its first name. */
function leaves(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, path))
  const isOwn = path.startsWith('weir.')
  if (typeof value !== 'object' || value === null || isOwn) return value === undefined ? [] : [path]
  return Object.entries(value).flatMap(([name, member]) => leaves(member, path === '' ? name : `${path}.${name}`))
}

t.test('the ECS column says every field, and none that is not there', async (t) => {
  const emitted = new Set(records.flatMap((record) => leaves(ecsDocument(record))))
  const said = new Set(fields.flatMap((cells) => named(cells[2])))
  t.ok(said.size > 40)
  t.strictSame(
    [...emitted].filter((name) => !name.startsWith('weir.') && !said.has(name)),
    [],
    'unsaid',
  )
  t.strictSame(
    [...said].filter((name) => !emitted.has(name)),
    [],
    'not there',
  )
})

t.test('the CEF column likewise', async (t) => {
  const keys = records.flatMap((record) => Object.keys(readCef(cefRow(record).trimEnd()).extension))
  const emitted = new Set(keys.filter((key) => !key.endsWith('Label')))
  const said = new Set(fields.flatMap((cells) => named(cells[3])))
  t.strictSame([...said].filter((name) => !emitted.has(name)).sort(), ['dst'], 'no case has an IPv4 destination')
  t.strictSame(
    [...emitted].filter((name) => !said.has(name)),
    [],
    'unsaid',
  )
})

t.test('the OCSF column names attributes of the table of attributes', async (t) => {
  const path = new URL('../cases/audit/export/ocsf-attributes.yaml', import.meta.url)
  const table = parse(readFileSync(path, 'utf8')) as Record<string, object>
  const known = new Set(Object.values(table).flatMap((attributes) => Object.keys(attributes)))
  t.strictSame(
    fields.flatMap((cells) => named(cells[1])).filter((name) => !known.has(name)),
    [],
  )
})

t.test('the first column names fields of events', async (t) => {
  const known = new Set(CSV_COLUMNS.flatMap(({ name }) => [name, name.split('.')[0]]))
  const chain = new Set(['stream', 'seq'])
  t.strictSame(
    fields.flatMap((cells) => named(cells[0])).filter((name) => !known.has(name) && !chain.has(name)),
    [],
  )
})

t.test('formats and Parquet types are those of the code', async (t) => {
  const formats = rows(doc.split('\n## ')[0] ?? '').flatMap((cells) => named(cells[0]))
  t.strictSame(formats, [...EXPORT_FORMAT_NAMES, 'parquet', 'table'])
  for (const [type, columns] of rows(section('Parquet'))) {
    const of = PARQUET_COLUMNS.filter((column) => column.type === named(type)[0]).map(({ name }) => name)
    if (columns?.trim() !== 'all others') t.strictSame(named(columns).sort(), of.sort(), type ?? '')
  }
})
