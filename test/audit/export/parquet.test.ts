import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import t from 'tap'
import type { ExchangeRecord } from '../../../src/audit/event-query.ts'
import { createParquetExport, PARQUET_COLUMNS } from '../../../src/audit/export/parquet.ts'
import { escapeControls } from '../../../src/audit/export/printable.ts'
import { recordOf, written } from './golden.ts'
import { anyEvent } from './hostile-events.ts'

type Row = Record<string, unknown>

function exported(records: readonly ExchangeRecord[], groupRows?: number): ArrayBuffer {
  const chunks: Uint8Array[] = []
  const file = createParquetExport((bytes) => chunks.push(bytes), groupRows)
  for (const record of records) file.add(record)
  file.finish()
  const whole = Buffer.concat(chunks)
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length)
}

const read = (file: ArrayBuffer): Promise<Row[]> =>
  parquetReadObjects({ compressors: { ZSTD: (page) => zstdDecompressSync(page) }, file }) as Promise<Row[]>

t.test('rows read back with their types', async (t) => {
  const [row] = await read(exported([recordOf({ kind: 'outcome', complete: true })]))
  t.match(row, {
    time: new Date('2026-11-22T10:00:00.000Z'),
    flow: '01FLOW',
    client_user: 'alice',
    client_groups: '["dev","emea"]',
    destination_port: 443,
    bytesIn: 70625n,
    tokens_in: 812n,
    timings_inspectMs: 2.4,
    bytesUnchanged: false,
    findings: '[{"count":1,"detector":"aws-access-key","field":"input[2].content[0].text","severity":"high"}]',
    alert: null,
  })
})

t.test('many rows make several groups, and none is lost', async (t) => {
  const records = Array.from({ length: 250 }, (_, seq) => recordOf({ kind: 'tunnel', count: seq }))
  const file = exported(records, 100)
  t.strictSame(
    parquetMetadata(file).row_groups.map(({ num_rows }) => Number(num_rows)),
    [100, 100, 50],
  )
  t.strictSame(
    (await read(file)).map(({ count }) => Number(count)),
    records.map((_, seq) => seq),
  )
  t.equal((await read(exported(records.slice(0, 100), 100))).length, 100, 'a full last group')
})

t.test('an export of nothing is a file of no rows that knows its columns', async (t) => {
  const file = exported([])
  t.equal((await read(file)).length, 0)
  t.equal(parquetMetadata(file).schema.length, PARQUET_COLUMNS.length + 1)
})

t.test('any events read back, texts as they were or made visible', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 8 }), fc.boolean(), async (events, isErased) => {
      const records = events.map((event) => written(event, isErased).record)
      const rows = await read(exported(records, 3))
      return rows.every((row, index) => {
        const { path, model, client } = records[index] as { path?: string; model?: string; client?: { user?: string } }
        const same = (value: unknown, text: string | null | undefined): boolean =>
          value === (text == null ? null : escapeControls(text.toWellFormed()))
        return same(row['path'], path) && same(row['model'], model) && same(row['client_user'], client?.user)
      })
    }),
    { numRuns: 12 },
  )
})

t.test('a value of another type than its column is left out, and breaks nothing', async (t) => {
  const [row] = await read(exported([{ time: 'soon', status: '200', bytesIn: 1e300, complete: 'yes', tool: { a: 1 } }]))
  t.match(row, { time: null, status: null, bytesIn: null, complete: null, tool: '{"a":1}' })
})
