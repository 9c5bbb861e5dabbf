/** What the main thread and a scanning thread say to each other. */
import type { PartPlace } from '../dialects/newest-part.ts'
import type { Inspection } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import type { RestoredLarge } from '../flow/ports.ts'
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

/** Where does the newest message of this request stand? */
export interface NewestMessage {
  readonly kind: 'newest'
  readonly body: Uint8Array
  readonly dialect: DialectId
}

export type ToThread = RulesMessage | Question

/** Put values back in a whole JSON body of an answer. */
export interface RestoreMessage {
  readonly kind: 'restore'
  readonly body: Uint8Array
  readonly dialect: DialectId
  /** What a client's placeholders stand for, in the same order. */
  readonly placeholders: readonly string[]
  readonly values: readonly string[]
}

/** What a thread is asked about one body. */
export type Question = LookMessage | NewestMessage | RestoreMessage

export type FromThread =
  | { readonly kind: 'ready'; readonly rules: number }
  | {
      readonly kind: 'found'
      /** Without findings where they are packed. */
      readonly inspection: Inspection
      readonly packed?: PackedFindings
    }
  | { readonly kind: 'newest'; readonly newest: PartPlace | null }
  | { readonly kind: 'restored'; readonly restored: RestoredLarge }

/** Given to a thread when it starts. */
export interface ThreadSettings {
  readonly prefix: string
  readonly depth: number
  /** How long one body may take. */
  readonly budgetMs: number
}
