/** The summary as blocks, before it becomes HTML or PDF: both say the same because both are made of this. */
import type { Drawing } from './day-chart.ts'

export type Cell = string | number

export interface TableColumn {
  readonly title: string
  /** Numbers stand to the right. */
  readonly isNumber?: boolean
  /** Ids, hosts and digests: set in a fixed pitch and broken anywhere. */
  readonly isCode?: boolean
  /** Share of the width against the other columns; 1 unless said. */
  readonly width?: number
}

export type Block =
  | { readonly kind: 'section'; readonly title: string; readonly id: string }
  | { readonly kind: 'text'; readonly text: string; readonly isNote?: boolean }
  /** Something that an auditor must not overlook. */
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'figures'; readonly items: readonly { readonly value: string; readonly label: string }[] }
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [string, string])[] }
  | {
      readonly kind: 'table'
      readonly caption: string
      readonly columns: readonly TableColumn[]
      readonly rows: readonly (readonly Cell[])[]
      /** What stands there when there are no rows. */
      readonly empty: string
      /** Length of a bar behind each row, 0 to 1. */
      readonly bars?: readonly number[]
      /** Long ones are folded away in HTML, and stand at the end of the PDF. */
      readonly isAppendix?: boolean
    }
  | {
      readonly kind: 'chart'
      readonly title: string
      readonly drawing: Drawing
      readonly legend: readonly { readonly label: string; readonly box: string }[]
    }
  | { readonly kind: 'code'; readonly lines: readonly string[] }

export interface SummaryDocument {
  /** BCP 47. */
  readonly language: 'en' | 'zh-CN'
  readonly title: string
  readonly subtitle: string
  readonly footer: string
  readonly blocks: readonly Block[]
}
