import type { RawHeaders } from './headers.ts'

/** Languages that notices ship in. */
export const LANGUAGES = ['en', 'zh-CN'] as const
export type Language = (typeof LANGUAGES)[number]

/** A text in several languages; the notice falls back to the other one when its own is missing. */
export type LocalizedText = Readonly<Partial<Record<Language, string>>>

/** What the developer is told, before it is put into a client's own error format. Values are plain text, not escaped. */
export interface Notice {
  readonly title: string
  /** The one line with tool, tier, reason, alternatives and how to ask. */
  readonly line: string
  /** Where to ask: an address or a sentence. */
  readonly ask: string
  /** The flow id, under which the audit events are found. */
  readonly event: string
  readonly language: Language
}

/** An answer that Weir makes itself, complete. */
export interface LocalAnswer {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: Uint8Array
}
