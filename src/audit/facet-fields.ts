/** What can be counted: columns whose values are few or mean something when counted; not ids, sizes and times. */
import { COLUMNS } from './exchange-columns.ts'

const NOT_COUNTED = new Set([
  'detail',
  'parent',
  'findings',
  'tokensIn',
  'tokensOut',
  'bytesIn',
  'bytesOut',
  'duration',
])

export const FACET_FIELDS: readonly string[] = COLUMNS.map(({ name }) => name).filter((name) => !NOT_COUNTED.has(name))
