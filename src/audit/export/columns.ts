/** The columns of tables and CSV files: names and how to read them off an exchange. */
import type { ExchangeRecord } from '../event-query.ts'

export interface Column {
  readonly name: string
  readonly read: (exchange: ExchangeRecord) => unknown
}

const at = (...path: readonly string[]): Column => ({
  name: path.join('.'),
  read: (exchange) => path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), exchange),
})

const isRecord = (value: unknown): value is ExchangeRecord => typeof value === 'object' && value !== null

/** Every field of an exchange that fits a cell; lists are joined. */
export const CSV_COLUMNS: readonly Column[] = [
  at('time'),
  at('flow'),
  at('id'),
  at('phase'),
  at('client', 'user'),
  at('client', 'groups'),
  at('client', 'device'),
  at('client', 'addr'),
  at('client', 'network'),
  at('who'),
  at('assurance'),
  at('parent'),
  at('destination', 'host'),
  at('destination', 'port'),
  at('destination', 'scheme'),
  at('destination', 'http'),
  at('tool'),
  at('toolVersion'),
  at('via'),
  at('purpose'),
  at('dialect'),
  at('evidence'),
  at('confidence'),
  at('tier'),
  at('action'),
  at('would'),
  at('mode'),
  at('reason'),
  at('rule'),
  at('exemption'),
  at('policyRevision'),
  at('method'),
  at('path'),
  at('bytesIn'),
  at('findings'),
  at('bytesUnchanged'),
  at('unread'),
  at('tenants'),
  at('status'),
  at('bytesOut'),
  at('model'),
  at('tokens', 'in'),
  at('tokens', 'out'),
  at('timings', 'decideMs'),
  at('timings', 'inspectMs'),
  at('timings', 'upstreamMs'),
  at('timings', 'totalMs'),
  at('durationMs'),
  at('alert'),
  at('count'),
  at('error', 'code'),
  at('error', 'side'),
  at('complete'),
  at('messages', 'in'),
  at('messages', 'out'),
  at('close', 'by'),
  at('close', 'code'),
  at('restored'),
  at('restoreMisses'),
  at('unrestored'),
  at('what'),
  at('from'),
  at('to'),
  at('ok'),
  at('problems'),
  at('by'),
  at('actor'),
  at('operation'),
  at('target'),
  at('before'),
  at('after'),
]

/** A value as the text of one cell. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(itemText).join('; ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A finding reads `aws-access-key high ×2 at input[0]`. */
function itemText(item: unknown): string {
  if (!isRecord(item)) return cellText(item)
  const { detector, severity, count, field } = item
  if (detector === undefined) return JSON.stringify(item)
  return `${cellText(detector)} ${cellText(severity)} ×${cellText(count)}${field === '' ? '' : ` at ${cellText(field)}`}`
}
