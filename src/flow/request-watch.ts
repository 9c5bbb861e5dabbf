/**
 * One request to a host outside the catalogue: is it AI? Looks at the head, then at the first bytes of a JSON body, then at
 * the answer. Holds a body back only where the head is near already, and then no more than its first bytes. What is
 * compressed is decoded beside, from the copy.
 */
import { ANSWER_BYTES, answerBodySigns, answerHeadSigns, mayHoldWords } from '../discover/answer-signs.ts'
import { bodySigns } from '../discover/body-signs.ts'
import { headSigns } from '../discover/head-signs.ts'
import { scoreOf } from '../discover/score.ts'
import { headerValue, headerValues, type RawHeaders } from '../domain/headers.ts'
import { AI_SCORE, type Sighting, type Sign } from '../domain/sighting.ts'
import type { RequestHead } from '../domain/tool.ts'
import { type Coding, parseContentEncoding } from '../wire/content-coding.ts'
import { OUTLINE_BYTES, outlineJson } from '../wire/json-outline.ts'
import type { DiscoveryPort } from './ports.ts'

/** From this score of the head on the first bytes of the body are waited for. */
const NEAR_SCORE = 15

/** `before`: the first bytes of the body are held until they were looked at; `beside`: from a copy, while they pass. */
export type Look = 'none' | 'before' | 'beside'

/** Encoded bytes that are copied. A block of zstd comes out whole or not at all, and may hold 128 KiB (RFC 8878). */
const ENCODED_BYTES = 16_384
const ENCODED_ZSTD_BYTES = 65_536

/** What is asked of discovery; absent: nothing is known, and nothing compressed is looked into. */
export type WatchPorts = Pick<DiscoveryPort, 'isNear' | 'decode'>

export class RequestWatch {
  readonly look: Look
  readonly #ports: WatchPorts | undefined
  readonly #signs: Sign[]
  #sighting: Sighting
  readonly #body: FirstBytes
  #answer: FirstBytes | null = null
  /** A copy that is being decoded. */
  #decoding: Promise<void> | null = null

  constructor(head: RequestHead, hasBody: boolean, ports?: WatchPorts) {
    this.#ports = ports
    this.#signs = [...headSigns(head)]
    this.#sighting = scoreOf(this.#signs)
    this.#body = new FirstBytes(head.headers, OUTLINE_BYTES)
    const isLooked = !this.isAi && hasBody && !head.isUpgrade && mayHoldJson(head) && this.#isReadable(this.#body)
    this.look = isLooked ? this.#lookOf(head.host) : 'none'
  }

  get isAi(): boolean {
    return this.#sighting.score >= AI_SCORE
  }

  get sighting(): Sighting {
    return this.#sighting
  }

  /** Bytes of a body that are held for `before`. */
  get heldBytes(): number {
    return this.#body.maxBytes
  }

  #lookOf(host: string): Look {
    return this.#sighting.score >= NEAR_SCORE || this.#ports?.isNear(host) === true ? 'before' : 'beside'
  }

  #isReadable({ codings }: FirstBytes): boolean {
    return codings !== null && (codings.length === 0 || this.#ports !== undefined)
  }

  /** The first bytes of the body, held. Waits only where they are compressed. */
  body(bytes: Uint8Array): Promise<void> | null {
    this.#body.close()
    return this.#read(this.#body, bytes, (text) => this.#addBody(text))
  }

  /** A piece of the body as it passes; it is kept as far as it is looked at. */
  bodyPiece(bytes: Uint8Array): void {
    if (this.look === 'beside') this.#body.push(bytes)
  }

  answerHead(headers: RawHeaders): void {
    this.#readBody()
    if (this.isAi) return
    this.#add(answerHeadSigns(headers))
    const answer = new FirstBytes(headers, ANSWER_BYTES)
    if (this.look !== 'none' && this.#isReadable(answer) && mayHoldWords(headers)) this.#answer = answer
  }

  answerPiece(bytes: Uint8Array): void {
    if (this.#answer !== null && !this.isAi) this.#answer.push(bytes)
  }

  /** The exchange is over: what was copied is looked at. Waits only where a copy is compressed. */
  end(): Promise<void> | null {
    this.#readBody()
    return this.#decoding === null
      ? this.#readAnswer()
      : this.#decoding.then(async () => {
          await this.#readAnswer()
        })
  }

  #readBody(): void {
    const bytes = this.#body.take()
    if (bytes !== null) this.#decoding = this.#read(this.#body, bytes, (text) => this.#addBody(text))
  }

  #readAnswer(): Promise<void> | null {
    const answer = this.#answer
    const bytes = answer?.take() ?? null
    if (answer === null || bytes === null || this.isAi) return null
    return this.#read(answer, bytes, (text) => this.#add(answerBodySigns(text)))
  }

  #read({ codings }: FirstBytes, bytes: Uint8Array, look: (text: Uint8Array) => void): Promise<void> | null {
    if (codings?.length === 0) {
      look(bytes)
      return null
    }
    const decoded = codings === null ? undefined : this.#ports?.decode(bytes, codings)
    return decoded?.then((text) => (text === null ? undefined : look(text))) ?? null
  }

  #addBody(text: Uint8Array): void {
    // Connect's streams have flags and a length in front of each message (connectrpc.com/docs/protocol).
    const outline = outlineJson(text) ?? (text[0] === 0 ? outlineJson(text.subarray(5)) : null)
    if (outline !== null) this.#add(bodySigns(outline))
  }

  #add(signs: readonly Sign[]): void {
    if (signs.length === 0) return
    this.#signs.push(...signs)
    this.#sighting = scoreOf(this.#signs)
  }
}

/** A copy of the first bytes of a body. */
class FirstBytes {
  /** In order of application; `null`: one that nobody here knows. */
  readonly codings: readonly Coding[] | null
  readonly maxBytes: number
  readonly #pieces: Uint8Array[] = []
  #bytes = 0

  /** `maxBytes`: of what is not compressed. */
  constructor(headers: RawHeaders, maxBytes: number) {
    const parsed = parseContentEncoding(headerValues(headers, 'content-encoding'))
    this.codings = parsed.ok ? parsed.codings : null
    const isPlain = this.codings === null || this.codings.length === 0
    const isZstd = this.codings?.includes('zstd') === true
    this.maxBytes = isPlain ? maxBytes : isZstd ? ENCODED_ZSTD_BYTES : ENCODED_BYTES
  }

  push(bytes: Uint8Array): void {
    if (this.#bytes >= this.maxBytes) return
    const piece = bytes.subarray(0, this.maxBytes - this.#bytes)
    this.#bytes += piece.length
    // The bytes belong to whoever reads the socket.
    this.#pieces.push(Uint8Array.from(piece))
  }

  /** Nothing more is kept. */
  close(): void {
    this.#bytes = this.maxBytes
  }

  /** All of it, once; nothing more is kept then. */
  take(): Uint8Array | null {
    this.close()
    const pieces = this.#pieces.splice(0)
    return pieces.length === 0 ? null : joined(pieces)
  }
}

/** JSON; browsers send it as plain text too, to be spared a preflight. */
function mayHoldJson({ method, headers }: RequestHead): boolean {
  if (method !== 'POST' && method !== 'PUT' && method !== 'PATCH') return false
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
