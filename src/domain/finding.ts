/** How bad it is that the marked text leaves; a tier says per severity what happens. */
export const SEVERITIES = ['high', 'medium', 'low'] as const
export type Severity = (typeof SEVERITIES)[number]

/** One place in a body that a detector marked. Offsets are bytes of the decoded body. */
export interface Finding {
  readonly detector: string
  readonly severity: Severity
  /** Where it is, e.g. `messages[0].content[1].text`; `` for a body without structure. */
  readonly field: string
  readonly start: number
  readonly end: number
  /** `false` in signed or encrypted parts: such a span is never edited. */
  readonly isEditable: boolean
  /** How the text is written between `start` and `end`. Absent: as it is. */
  readonly escaping?: 'json' | 'form' | 'plain'
  /** It stands in a string of JSON that a model wrote into a string: what it says is read with both escapes undone. */
  readonly isJson?: boolean
}

/** What an event says of findings: never the text. */
export interface FindingCount {
  readonly detector: string
  readonly severity: Severity
  readonly field: string
  readonly count: number
}

/** Why a body, or a part of it, was not read. `null` in events when all of it was. */
export const UNREAD_REASONS = [
  'unknown-coding',
  'oversize',
  'binary',
  'unparsable',
  'detector-fault',
  'timeout',
  'decode-limit',
  'websocket',
  'unnamed-path',
  'over-capacity',
  'recognised-late',
] as const
export type UnreadReason = (typeof UNREAD_REASONS)[number]

/** Findings one after the other: an array, or many that are kept small and made as they are asked for, anew each time. */
export interface Findings extends Iterable<Finding> {
  readonly length: number
}

/** What inspection of one body found. */
export interface Inspected {
  readonly findings: Findings
  readonly unread: UnreadReason | null
  /** Model named in the request body, if the dialect has one. */
  readonly model: string | null
  /** Ids of histories that the provider keeps and the request goes on from. Absent: none. */
  readonly histories?: readonly string[]
}

/** The same with all findings at hand. */
export interface Inspection extends Inspected {
  readonly findings: readonly Finding[]
}
