/** What every kind of sink is to the rest: it tries to deliver once and says what came of it. */

import { alertWords } from './tls-why.ts'

export const SINK_SEVERITIES = ['error', 'warning', 'notice', 'info'] as const
export type SinkSeverity = (typeof SINK_SEVERITIES)[number]

/** One text to send. A record has several where its format makes several lines of it. */
export interface SinkMessage {
  /** Id of the record: receivers know by it what they have already. */
  readonly id: string
  /** RFC 3339. */
  readonly time: string
  readonly phase: string
  readonly severity: SinkSeverity
  /** One line, without its line break. */
  readonly text: string
  readonly isJson: boolean
}

/** What failed. */
export interface FailedSend {
  /** Stands in logs, state files and metrics, which no erasure reaches: nothing of a record may be in it. */
  readonly why: string
  /** The receiver's own words. They may quote a record, so they are only ever shown, never kept. */
  readonly said?: string
}

export type SendResult =
  /** The receiver has it. */
  | { readonly kind: 'delivered' }
  /** Nothing is wrong with the records: try again, after `afterMs` at the earliest when the receiver said so. */
  | ({ readonly kind: 'retry'; readonly afterMs?: number } & FailedSend)
  /** The receiver wants less at once. */
  | ({ readonly kind: 'too-large' } & FailedSend)
  /** The receiver has read it and does not want it. */
  | ({ readonly kind: 'refused' } & FailedSend)

export interface Sink {
  /** One attempt. Never rejects, and ends: every wait inside is bounded. */
  readonly send: (batch: readonly SinkMessage[]) => Promise<SendResult>
  /** Cuts off an attempt under way, which then ends as failed. */
  readonly close: () => Promise<void>
}

export const DELIVERED: SendResult = { kind: 'delivered' }
const MAX_WHY = 300

/** A failure that says nothing against the records. */
export const retry = (error: unknown): SendResult => ({ kind: 'retry', why: whyOf(error) })

/** What a system call said, as one short line. */
export function whyOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const alert = error instanceof Error ? alertWords(message) : null
  if (alert !== null) return alert
  const text =
    error instanceof Error
      ? code === undefined || message.includes(code)
        ? message
        : `${code}: ${message}`
      : String(error)
  return shorten(text)
}

/** One line of plain characters: receivers may answer anything. */
export function shorten(text: string): string {
  const plain = text.replace(/[^\u0020-\u007e\u00a1-\u024f\u3000-\u9fff]+/gu, ' ').trim()
  return plain.length <= MAX_WHY ? plain : `${plain.slice(0, MAX_WHY)}…`
}
