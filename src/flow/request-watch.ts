/**
 * One request to a host outside the catalogue: is it AI? Looks at the head, then at the first bytes of a JSON body, then at
 * the answer. Holds a body back only where the head is near already, and then no more than its first bytes.
 */
import { ANSWER_BYTES, answerBodySigns, answerHeadSigns } from '../discover/answer-signs.ts'
import { bodySigns } from '../discover/body-signs.ts'
import { headSigns } from '../discover/head-signs.ts'
import { scoreOf } from '../discover/score.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import { AI_SCORE, type Sighting, type Sign } from '../domain/sighting.ts'
import type { RequestHead } from '../domain/tool.ts'
import { OUTLINE_BYTES, outlineJson } from '../wire/json-outline.ts'

/** From this score of the head on the first bytes of the body are waited for. */
const NEAR_SCORE = 15

/** `before`: the first bytes of the body are held until they were looked at; `beside`: from a copy, while they pass. */
export type Look = 'none' | 'before' | 'beside'

export class RequestWatch {
  readonly look: Look
  readonly #signs: Sign[]
  #sighting: Sighting
  #body: Uint8Array[] = []
  #bodyBytes = 0
  #answer: Uint8Array[] = []
  #answerBytes = 0

  /** `isNear`: this host was seen to serve AI before. */
  constructor(head: RequestHead, hasBody: boolean, isNear: () => boolean) {
    this.#signs = [...headSigns(head)]
    this.#sighting = scoreOf(this.#signs)
    this.look = this.isAi || !hasBody || head.isUpgrade || !mayHoldJson(head) ? 'none' : this.#lookOf(isNear)
  }

  get isAi(): boolean {
    return this.#sighting.score >= AI_SCORE
  }

  get sighting(): Sighting {
    return this.#sighting
  }

  #lookOf(isNear: () => boolean): Look {
    return this.#sighting.score >= NEAR_SCORE || isNear() ? 'before' : 'beside'
  }

  /** The first bytes of the body, held. */
  body(bytes: Uint8Array): void {
    this.#bodyBytes = OUTLINE_BYTES
    const outline = outlineJson(bytes)
    if (outline !== null) this.#add(bodySigns(outline))
  }

  /** A piece of the body as it passes; it is kept as far as it is looked at. */
  bodyPiece(bytes: Uint8Array): void {
    if (this.look !== 'beside' || this.#bodyBytes >= OUTLINE_BYTES) return
    const piece = bytes.subarray(0, OUTLINE_BYTES - this.#bodyBytes)
    this.#bodyBytes += piece.length
    // The bytes belong to whoever reads the socket.
    this.#body.push(Uint8Array.from(piece))
  }

  answerHead(headers: RawHeaders): void {
    this.#readBody()
    if (this.isAi) return
    this.#add(answerHeadSigns(headers))
    const coding = headerValue(headers, 'content-encoding')?.trim().toLowerCase() ?? ''
    // What is compressed is not looked at.
    if (coding !== '' && coding !== 'identity') this.#answerBytes = ANSWER_BYTES
  }

  answerPiece(bytes: Uint8Array): void {
    if (this.look === 'none' || this.#answerBytes >= ANSWER_BYTES || this.isAi) return
    const piece = bytes.subarray(0, ANSWER_BYTES - this.#answerBytes)
    this.#answerBytes += piece.length
    this.#answer.push(Uint8Array.from(piece))
  }

  /** The exchange is over: what was copied is looked at. */
  end(): void {
    this.#readBody()
    if (this.#answer.length > 0 && !this.isAi) this.#add(answerBodySigns(joined(this.#answer)))
    this.#answer = []
  }

  #readBody(): void {
    if (this.#body.length === 0) return
    const bytes = joined(this.#body)
    this.#body = []
    this.#bodyBytes = OUTLINE_BYTES
    const outline = outlineJson(bytes)
    if (outline !== null) this.#add(bodySigns(outline))
  }

  #add(signs: readonly Sign[]): void {
    if (signs.length === 0) return
    this.#signs.push(...signs)
    this.#sighting = scoreOf(this.#signs)
  }
}

/** JSON that is not compressed; browsers send it as plain text too, to be spared a preflight. */
function mayHoldJson({ method, headers }: RequestHead): boolean {
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return false
  const coding = headerValue(headers, 'content-encoding')
  if (coding !== null && coding.trim().toLowerCase() !== 'identity') return false
  const type = headerValue(headers, 'content-type')
  return type === null || /^\s*(?:application\/(?:[\w.+-]+\+)?json|text\/plain)\s*(?:;|$)/iu.test(type)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return only
  const all = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
