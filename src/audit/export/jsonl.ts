/** Exchanges as lines of JSON. */
import type { ExchangeRecord } from '../event-query.ts'
import { escapeControls } from './printable.ts'

/** One line with its newline; control and direction characters stand as escapes, so that no terminal obeys them. */
export const jsonLine = (exchange: ExchangeRecord): string => `${escapeControls(JSON.stringify(exchange))}\n`
