/** What the main thread and a scanning thread say to each other. */
import type { Inspection } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import type { TableSources } from '../inspect/read-tables.ts'
import type { PackedFindings } from './packed-findings.ts'
import type { PackedValues } from './packed-values.ts'

/** Files of detectors as plain values: what a thread compiles for itself. */
export interface RuleSources {
  readonly documents: readonly { readonly file: string; readonly document: unknown }[]
  readonly tables: TableSources
}

/** From now on these are in force. */
export interface RulesMessage {
  readonly kind: 'rules'
  readonly rules: number
  readonly sources: RuleSources
}

/** What is known of a client; `id` stands for these values and never for others. */
export interface KnownMessage {
  readonly id: string
  /** `null`: as told last. */
  readonly values: PackedValues | null
}

export interface LookMessage {
  readonly kind: 'look'
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly dialect: DialectId
  /** `null`: no edit may follow. */
  readonly known: KnownMessage | null
}

export type ToThread = RulesMessage | LookMessage

export type FromThread =
  | { readonly kind: 'ready'; readonly rules: number }
  | {
      readonly kind: 'found'
      /** Without findings where they are packed. */
      readonly inspection: Inspection
      readonly packed?: PackedFindings
    }

/** Given to a thread when it starts. */
export interface ThreadSettings {
  readonly prefix: string
  readonly depth: number
  /** How long one body may take. */
  readonly budgetMs: number
}
