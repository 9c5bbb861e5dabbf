/** Where text of the model stands in what a provider sends, so that it can be edited: the words that dialects say it with. */

/** A parsed JSON object, untrusted. */
type JsonObject = Readonly<Record<string, unknown>>

/** Member names and indexes from the root of an event. */
export type JsonPathKeys = readonly (string | number)[]

export interface RestorePoint {
  readonly path: JsonPathKeys
  /** The block whose text goes on from event to event; `null`: the text is whole. */
  readonly block: string | null
  /** The text is JSON that the model writes: what is put in is escaped as in its strings. */
  readonly isJson?: boolean
  /** All strings and names inside are the model's, not only one. Always whole. */
  readonly isTree?: boolean
  /** It was told before, piece by piece. */
  readonly isRepeat?: boolean
  /** The block ends with this piece. */
  readonly isLast?: boolean
}

/** What one event, or a whole body, is made of. What no point names is never touched: thinking, signatures, encrypted parts. */
export interface AnswerText {
  readonly points: readonly RestorePoint[]
  /** Blocks that have ended before this event. */
  readonly ended: 'all' | readonly string[]
  /** Under this id the provider remembers what was said. */
  readonly history?: string
}

/** Reads an event of a stream or a whole body. Never throws, whatever it gets. */
export type RestorePointsOf = (event: JsonObject) => AnswerText

export const NO_TEXT: AnswerText = { points: [], ended: [] }

/** Objects of a list, with their place in it; none when it is no list. */
export function objectsIn(value: unknown): (readonly [index: number, item: JsonObject])[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown, index) => {
    const isObject = typeof item === 'object' && item !== null && !Array.isArray(item)
    return isObject ? [[index, item as JsonObject] as const] : []
  })
}

/** A member as part of a block's name: numbers and short texts only. */
export const nameOf = (value: unknown): string =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= 64) ? String(value) : '-'

/**
 * Every text in these members is the sender's own, and whole: for protocols that send no text in pieces. Left out: all members.
 */
export const treesOf = (message: JsonObject, members: readonly string[] = Object.keys(message)): AnswerText => ({
  points: members.filter((key) => key in message).map((key) => ({ path: [key], block: null, isTree: true })),
  ended: [],
})
