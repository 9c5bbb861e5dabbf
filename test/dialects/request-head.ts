/** Request heads for tests, written short. */
import type { RequestHead } from '../../src/domain/tool.ts'

export interface HeadRow {
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly upgrade?: boolean
}

/** POST to `ai.example` over https, unless the row says otherwise. */
export const requestHead = (row: HeadRow = {}): RequestHead => ({
  method: row.method ?? 'POST',
  scheme: 'https',
  host: row.host ?? 'ai.example',
  port: 443,
  path: row.path ?? '/',
  headers: Object.entries(row.headers ?? {}).flat(),
  isUpgrade: row.upgrade ?? false,
})
