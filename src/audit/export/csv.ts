/** Exchanges as CSV (RFC 4180) that a spreadsheet can open without obeying what is in it. */
import type { ExchangeRecord } from '../event-query.ts'
import { CSV_COLUMNS, cellText } from './columns.ts'
import { escapeControls } from './printable.ts'

/** First line, with its line break. */
export const csvHeader = (): string => `${CSV_COLUMNS.map(({ name }) => name).join(',')}\r\n`

/** One exchange, with its line break. */
export const csvRow = (exchange: ExchangeRecord): string =>
  `${CSV_COLUMNS.map(({ read }) => csvCell(read(exchange))).join(',')}\r\n`

/**
 * What Excel, LibreOffice and Google Sheets take for a formula: `=`, `+`, `-`, `@`, tab or carriage return in front,
 * also behind spaces and quotes, and in their full-width forms (OWASP, CSV injection).
 */
const FORMULA = /^[\s'"\u200b-\u200f\ufeff]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]|^[\t\r]/u

/** Formulas get an apostrophe in front; numbers stay numbers. */
export function csvCell(value: unknown): string {
  const raw = cellText(value)
  if (raw === '' || typeof value === 'number') return raw
  const text = escapeControls(typeof value === 'string' || typeof value === 'object' ? guarded(raw) : raw)
  return /[",\r\n;]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)
