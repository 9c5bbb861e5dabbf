/**
 * Exchanges as Apache Parquet, written row group by row group: memory holds one group, however long the export is.
 * Columns are those of the CSV export, with types, and `_` for the dot in their names, which many engines take for a path.
 */
import { zstdCompressSync } from 'node:zlib'
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import type { ExchangeRecord } from '../event-query.ts'
import { CSV_COLUMNS } from './columns.ts'
import { escapeControls } from './printable.ts'
import { PRODUCT } from './product.ts'

/** Rows that are held in memory and written together. */
const GROUP_ROWS = 20_000

export type ParquetType = 'TIMESTAMP' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN' | 'STRING'

export interface ParquetColumn {
  readonly name: string
  readonly type: ParquetType
  /** `null`: no value; also for a value that is not of the column's type. */
  readonly read: (exchange: ExchangeRecord) => Date | bigint | number | boolean | string | null
}

const TYPES: Readonly<Record<string, ParquetType>> = {
  time: 'TIMESTAMP',
  'destination.port': 'INT32',
  status: 'INT32',
  'close.code': 'INT32',
  bytesIn: 'INT64',
  bytesOut: 'INT64',
  durationMs: 'INT64',
  count: 'INT64',
  problems: 'INT64',
  restored: 'INT64',
  restoreMisses: 'INT64',
  'tokens.in': 'INT64',
  'tokens.out': 'INT64',
  'messages.in': 'INT64',
  'messages.out': 'INT64',
  'timings.decideMs': 'DOUBLE',
  'timings.inspectMs': 'DOUBLE',
  'timings.upstreamMs': 'DOUBLE',
  'timings.totalMs': 'DOUBLE',
  bytesUnchanged: 'BOOLEAN',
  complete: 'BOOLEAN',
  ok: 'BOOLEAN',
}

type Convert = (value: unknown) => ReturnType<ParquetColumn['read']>

const isInteger = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(Math.round(value))

const CONVERT: Readonly<Record<ParquetType, Convert>> = {
  TIMESTAMP: (value) => {
    const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
    return Number.isNaN(ms) ? null : new Date(ms)
  },
  INT32: (value) => (isInteger(value) && Math.abs(value) < 2 ** 31 ? Math.round(value) : null),
  INT64: (value) => (isInteger(value) ? BigInt(Math.round(value)) : null),
  DOUBLE: (value) => (typeof value === 'number' ? value : null),
  BOOLEAN: (value) => (typeof value === 'boolean' ? value : null),
  STRING: (value) => textOf(value),
}

/** Lists and objects are JSON text, which every engine can take apart; what a terminal would obey is shown instead. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return escapeControls((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed())
}

export const PARQUET_COLUMNS: readonly ParquetColumn[] = CSV_COLUMNS.map(({ name, read }) => {
  const type = TYPES[name] ?? 'STRING'
  const convert = CONVERT[type]
  return { name: name.replaceAll('.', '_'), read: (exchange) => convert(read(exchange)), type }
})

export interface ParquetExport {
  readonly add: (exchange: ExchangeRecord) => void
  /** Write what is left and the footer, without which the file cannot be read. */
  readonly finish: () => void
}

/** `append` gets the file's bytes in their order; they are not touched afterwards. Throws what `append` throws. */
export function createParquetExport(append: (bytes: Uint8Array) => void, groupRows = GROUP_ROWS): ParquetExport {
  const bytes = new ByteWriter()
  const drain = (): void => {
    if (bytes.index > 0) append(bytes.getBytes().slice())
    bytes.index = 0
  }
  const file = new ParquetWriter({
    codec: 'ZSTD',
    compressors: { ZSTD: (page) => zstdCompressSync(page) },
    createdBy: `${PRODUCT.name} version ${PRODUCT.version}`,
    schema: schemaFromColumnData({ columnData: columnsOf([]) }),
    writer: bytes,
  })
  let rows: ExchangeRecord[] = []
  const writeGroup = (): void => {
    const columnData = columnsOf(rows).map(({ name, data }) => ({ data, name }))
    if (rows.length > 0) atOnce(file.write({ columnData, rowGroupSize: groupRows }))
    rows = []
    drain()
  }
  return {
    add(exchange) {
      rows.push(exchange)
      if (rows.length >= groupRows) writeGroup()
    },
    finish() {
      writeGroup()
      atOnce(file.finish())
      drain()
    },
  }
}

/** The library waits only for a writer that flushes; ours does not. */
function atOnce(result: unknown): void {
  if (result !== undefined) throw new Error('parquet: a write was not done at once')
}

const columnsOf = (rows: readonly ExchangeRecord[]): ColumnSource[] =>
  PARQUET_COLUMNS.map(({ name, type, read }) => ({ data: rows.map(read), name, nullable: true, type }))
