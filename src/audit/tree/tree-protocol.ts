/** Messages between the data plane and the thread that keeps the tree of the event files. */
import type { Checkpoint } from './checkpoint.ts'

export interface TreeSettings {
  /** Folder of the event files. */
  readonly dir: string
  readonly stream: string
  readonly keyFile: string
  readonly checkpointMs: number
  /** One number: the sequence number of the last durable line. The spool's side writes it, the thread reads it. */
  readonly durable: SharedArrayBuffer
}

export interface ToTree {
  readonly kind: 'close'
}

export type FromTree =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint; readonly note: string }
  | { readonly kind: 'health'; readonly ok: boolean; readonly detail: string | null }
  /** The files do not fit what was signed: the tree has stopped. */
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'rebuilt'; readonly size: number }
