/** What makes somebody think that a host outside the catalogue serves AI. Never texts, header values or addresses. */
import type { DialectId } from './tool.ts'

/** From this score on a request counts as AI: it gets the tier `unlisted`. */
export const AI_SCORE = 60

/** Signs seen so far, and what they are worth together. */
export interface Sighting {
  /** 0 to 100. */
  readonly score: number
  /** How the body is read: the dialect that its signs name, `generic` where they name none. */
  readonly dialect: DialectId
  /** E.g. `dialect:openai-chat`, `path:/api/chat`, `body:messages`, `answer:chat-chunk`. Bounded words of ours. */
  readonly evidence: readonly string[]
}

/** One sign: a word for the evidence, and what it is worth. */
export interface Sign {
  readonly name: string
  readonly points: number
  readonly dialect?: DialectId
}
