/** A record as the texts that a sink sends of it, in the format that the configuration names. */

import type { ExchangeRecord } from '../event-query.ts'
import { exportFormat } from '../export/formats.ts'
import { jsonLine } from '../export/jsonl.ts'
import type { SinkMessage, SinkSeverity } from './sink.ts'

/** What is needed of a followed record. */
export interface Renderable {
  readonly id: string
  readonly time: string
  readonly phase: string
  readonly record: ExchangeRecord
  /** Absent for what stands in no event file. */
  readonly line?: string
}

/** Phases that every format has a shape for; the rest goes as plain JSON. */
const EVENT_PHASES = new Set(['intent', 'outcome', 'tunnel', 'config', 'admin'])

/** Makes messages in a format. Throws for a name that is none. */
export function createRenderer(formatName: string): (record: Renderable) => SinkMessage[] {
  const format = exportFormat(formatName)
  if (format === undefined) throw new Error(`audit: \`${formatName}\` is no export format`)
  return ({ id, time, phase, record, line }) => {
    const text = EVENT_PHASES.has(phase) ? format.row(record, line === undefined ? [] : [line]) : jsonLine(record)
    const severity = severityOf(record)
    return text
      .split(/\r?\n/u)
      .filter((each) => each !== '')
      .map((each) => ({ id, time, phase, severity, text: each, isJson: each.startsWith('{') }))
  }
}

/** How loud a record is, where a protocol asks. */
export function severityOf(record: ExchangeRecord): SinkSeverity {
  const error = record['error'] as { readonly side?: unknown } | null | undefined
  if (error?.side === 'weir' || record['ok'] === false) return 'error'
  if (record['action'] === 'block') return 'warning'
  return record['action'] === 'redact' || record['phase'] === 'admin' ? 'notice' : 'info'
}
