/** Checks one table row: which spans of a body a dialect reports. */
import { Buffer } from 'node:buffer'
import type { Dialect, TextPart } from '../../src/dialects/dialect.ts'
import { readCases } from './read-cases.ts'

export interface PartRow {
  readonly name: string
  readonly dialect: string
  readonly contentType?: string | null
  /** A value is sent as JSON, a string as it is. */
  readonly body: unknown
  readonly model?: string | null
  readonly unread?: string
  /** `field: text`; a field with `!` in front is not editable. */
  readonly parts?: Readonly<Record<string, string>>
}

export const bodyOf = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))

/** Parts as the tables write them; names of the protocol are left out. */
export const shownParts = (body: Uint8Array, parts: readonly TextPart[]): Record<string, string> =>
  Object.fromEntries(
    parts
      .filter((part) => part.isName !== true)
      .map((part) => [
        `${part.isEditable ? '' : '!'}${part.field}`,
        Buffer.from(body).toString('utf8', part.start, part.end),
      ]),
  )

/** Rows of `dialects-parts.yaml` for one dialect, each with what the dialect really says. */
export function partRows(dialect: Dialect): { name: string; seen: unknown; wanted: unknown }[] {
  return readCases<PartRow>('dialects-parts.yaml')
    .filter((row) => row.dialect === dialect.id)
    .map((row) => {
      const body = bodyOf(row.body)
      const result = dialect.textParts(body, row.contentType === undefined ? 'application/json' : row.contentType)
      return row.unread === undefined
        ? {
            name: row.name,
            seen: result.ok ? { model: result.model, parts: shownParts(body, result.parts) } : result,
            wanted: { model: row.model ?? null, parts: row.parts ?? {} },
          }
        : { name: row.name, seen: result, wanted: { ok: false, unread: row.unread } }
    })
}
