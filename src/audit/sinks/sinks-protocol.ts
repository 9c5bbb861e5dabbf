/** Messages between the sinks and their worker thread. */
import type { SinkSettings } from './settings.ts'
import type { CheckpointNote } from './state-file.ts'

export interface SinksWorkerSettings {
  /** Folder of the event files. */
  readonly dir: string
  /** Folder of the sinks' own files. */
  readonly folder: string
  readonly sinks: readonly SinkSettings[]
  /** The stream that this process writes, and its last durable line at start. */
  readonly stream: string
  readonly durableSeq: number
}

/** How a sink is, for metrics and people. */
export interface SinkStatus {
  readonly name: string
  readonly kind: SinkSettings['kind']
  /** Records that are not delivered yet. */
  readonly behindEvents: number
  /** Age of the oldest of them. */
  readonly behindSeconds: number
  readonly delivered: number
  readonly retried: number
  /** Records that its filter does not want. */
  readonly leftOut: number
  readonly setAside: number
  readonly lost: number
  /** RFC 3339; `null`: never. */
  readonly deliveredAt: string | null
  /** `null`: all is well. */
  readonly failure: { readonly since: string; readonly why: string } | null
}

export type ToSinksWorker =
  | { readonly kind: 'durable'; readonly seq: number }
  /** In the place of those before. */
  | { readonly kind: 'sinks'; readonly sinks: readonly SinkSettings[] }
  | { readonly kind: 'checkpoint'; readonly checkpoint: CheckpointNote }
  | { readonly kind: 'close' }

export type LogLevel = 'info' | 'warn' | 'error'

export type FromSinksWorker =
  | { readonly kind: 'status'; readonly sinks: readonly SinkStatus[] }
  | {
      readonly kind: 'log'
      readonly level: LogLevel
      readonly event: string
      readonly fields: Readonly<Record<string, unknown>>
    }
