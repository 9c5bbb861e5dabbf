/** Messages between the store and its worker thread. */
import type { EventQuery, FacetsQuery, HistogramQuery } from './event-query.ts'

export interface WorkerSettings {
  readonly dir: string
  readonly file: string
  /** `null`: nothing is ever removed. */
  readonly retentionDays: number | null
  /** Who is behind records is kept so long; `null`: as long as the records. */
  readonly personDays?: number | null
  /** Sealed content is kept so long; `null`: for ever. */
  readonly contentDays?: number | null
  /** Receivers whose records wait for them; `null`: there is none. */
  readonly sinks?: SinkFiles | null
}

/** Where the sinks keep how far they are. */
export interface SinkFiles {
  readonly folder: string
  readonly names: readonly string[]
}

/** What is about to go because it is old. */
export interface Removal {
  readonly operation: 'retention.remove' | 'retention.forget'
  /** A stream, or `sealed` for sealed content. */
  readonly target: string
  readonly after: Readonly<Record<string, unknown>>
}

export type Question =
  | { readonly ask: 'query'; readonly query: EventQuery }
  | { readonly ask: 'facets'; readonly query: FacetsQuery }
  | { readonly ask: 'histogram'; readonly query: HistogramQuery }
  | { readonly ask: 'find'; readonly id: string }
  | { readonly ask: 'lastSeen' }
  | { readonly ask: 'forget'; readonly who: string }
  | { readonly ask: 'sync' }

export type ToWorker =
  | { readonly kind: 'notify' }
  | { readonly kind: 'question'; readonly number: number; readonly question: Question }
  /** What was expiring is recorded: it may go. */
  | { readonly kind: 'recorded' }
  /** It could not be recorded, and stays. */
  | { readonly kind: 'unrecorded' }
  /** Receivers have changed. */
  | { readonly kind: 'sinks'; readonly sinks: SinkFiles }
  | { readonly kind: 'close' }

export type FromWorker =
  | { readonly kind: 'answer'; readonly number: number; readonly value: unknown }
  | {
      readonly kind: 'refusal'
      readonly number: number
      readonly message: string
      readonly isBadQuery: boolean
      /** Offset of the mistake in `q`. */
      readonly at?: number | null
    }
  | { readonly kind: 'health'; readonly ok: boolean; readonly detail: string | null }
  /** To be recorded; the worker removes it when it hears `recorded`. */
  | { readonly kind: 'expiring'; readonly removals: readonly Removal[] }
  | { readonly kind: 'event'; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }
