/** The text formats of exports and sinks, by the name that `--format` takes. Binary ones (Parquet) stand apart. */
import type { ExchangeRecord } from '../event-query.ts'
import { cefRow } from './cef.ts'
import { csvHeader, csvRow } from './csv.ts'
import { ecsRow } from './ecs.ts'
import { jsonLine } from './jsonl.ts'
import { ocsfRows } from './ocsf.ts'

export interface ExportFormat {
  /** What stands once in front, line break included. */
  readonly header?: string
  /**
   * An exchange, or a single record as `readRecord` gives it, with its line break. Some formats make several lines of
   * one exchange; none makes a line that another exchange could be read into.
   * `lines`: the lines of the event files behind it, as they stand there; formats with a place for proofs use them.
   */
  readonly row: (exchange: ExchangeRecord, lines?: readonly string[]) => string
  /** What stands once behind the last row. */
  readonly footer?: string
  /** Media type. */
  readonly contentType: string
  /** Of file names, without a dot. */
  readonly extension: string
}

export const EXPORT_FORMAT_NAMES = ['jsonl', 'csv', 'ocsf', 'ecs', 'cef'] as const
export type ExportFormatName = (typeof EXPORT_FORMAT_NAMES)[number]

export const EXPORT_FORMATS: Readonly<Record<ExportFormatName, ExportFormat>> = {
  jsonl: { row: jsonLine, contentType: 'application/x-ndjson', extension: 'jsonl' },
  csv: { header: csvHeader(), row: csvRow, contentType: 'text/csv; charset=utf-8', extension: 'csv' },
  ocsf: { row: ocsfRows, contentType: 'application/x-ndjson', extension: 'ocsf.jsonl' },
  ecs: { row: (exchange) => ecsRow(exchange), contentType: 'application/x-ndjson', extension: 'ecs.jsonl' },
  cef: { row: (exchange) => cefRow(exchange), contentType: 'text/plain; charset=utf-8', extension: 'cef' },
}

/** A format by its name; `undefined`: there is none. */
export const exportFormat = (name: string): ExportFormat | undefined =>
  Object.hasOwn(EXPORT_FORMATS, name) ? EXPORT_FORMATS[name as ExportFormatName] : undefined
