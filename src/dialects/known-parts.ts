/**
 * Remembers what the beginning of a JSON body was read as. A conversation comes whole with each of its turns and grows at
 * its end: what begins with the same bytes has the same parts there, and is read from where it differs.
 */
import type { JsonPauses, JsonStop } from '../wire/json-spans.ts'
import type { PartsMemory, ReadPiece, TextPart } from './dialect.ts'

/** A body is known by pieces of so many bytes; a shorter one is not remembered. */
export const PIECE_BYTES = 65_536
/** Parts and containers of a piece, on average, beyond which keeping them takes too much memory for the time it saves. */
const MAX_PLACES = 4096
/** Histories, and letters of them and of the model together. Real ones are one id. */
const MAX_HISTORIES = 16
const MAX_ID_LETTERS = 1024
/** So near to the end of a piece no later place to go on from is looked for. */
const NEAR = 2048

/** What was read of a document so far; grows. */
export interface ReadSoFar {
  readonly parts: TextPart[]
  readonly media: TextPart[]
  readonly histories: string[]
  model: string | null
  /** Objects and arrays. Parts hold on to those around them. */
  containers: number
  /** Some member name may be data. Names are kept as they are, so that a document is not remembered from there on. */
  hasOddName: boolean
}

/** What is known of a body, and how to learn more of it. */
export interface KnownParts {
  /** What the known pieces say; who reads on adds to it. */
  readonly soFar: ReadSoFar
  readonly pauses: JsonPauses
  /** To be called when the body was read to its end and is a document. */
  readonly keep: () => void
}

/** Before the first byte. */
export const nothingRead = (): ReadSoFar => ({
  parts: [],
  media: [],
  histories: [],
  model: null,
  containers: 0,
  hasOddName: false,
})

/** `rules`: an object that stands for all that the result depends on beside the bytes of `body`. */
export function knownParts(memory: PartsMemory | undefined, rules: object, body: Uint8Array): KnownParts {
  const soFar = nothingRead()
  if (memory === undefined || body.length < PIECE_BYTES) return { soFar, pauses: NO_PAUSES, keep: () => undefined }
  const chain = new Chain(memory, rules, body)
  const stop = recall(chain, soFar)
  const first = markOf(soFar, stop)
  const marks = new Map<number, Mark>()
  const at = (now: JsonStop): number => {
    const piece = Math.floor(now.pos / PIECE_BYTES)
    const end = (piece + 1) * PIECE_BYTES
    if (end > body.length || !isWorthKeeping(soFar, piece + 1)) return Infinity
    marks.set(piece, markOf(soFar, now))
    return end - now.pos > NEAR ? now.pos + ((end - now.pos) >> 1) : end
  }
  const from = stop === null ? {} : { from: stop }
  return {
    soFar,
    pauses: { ...from, first: chain.length * PIECE_BYTES, at },
    keep: () => remember(chain, soFar, { first, marks }),
  }
}

const NO_PAUSES: JsonPauses = { first: Infinity, at: () => Infinity }

/** How far reading had come, at a place from which it can go on. */
interface Mark {
  readonly parts: number
  readonly media: number
  readonly histories: number
  readonly containers: number
  readonly model: string | null
  readonly stop: JsonStop | null
}

const markOf = ({ parts, media, histories, containers, model }: ReadSoFar, stop: JsonStop | null): Mark => ({
  parts: parts.length,
  media: media.length,
  histories: histories.length,
  containers,
  model,
  stop,
})

function isWorthKeeping(soFar: ReadSoFar, pieces: number): boolean {
  const { parts, media, histories, containers, model, hasOddName } = soFar
  const places = parts.length + media.length + containers
  if (hasOddName || histories.length > MAX_HISTORIES || places > pieces * MAX_PLACES) return false
  return histories.reduce((letters, id) => letters + id.length, model?.length ?? 0) <= MAX_ID_LETTERS
}

/**
 * The pieces of a body from the first on. Each is known under its own bytes and all those before it: a name holds the id of
 * the piece before, which no other piece has.
 */
class Chain {
  readonly #memory: PartsMemory
  readonly #body: Uint8Array
  #last: object
  #nextName: string | null = null
  /** Pieces that are known. */
  length = 0

  constructor(memory: PartsMemory, rules: object, body: Uint8Array) {
    this.#memory = memory
    this.#body = body
    this.#last = rules
  }

  /** The next piece; `null`: it is not known, or the rest of the body is shorter. */
  next(): ReadPiece | null {
    if ((this.length + 1) * PIECE_BYTES > this.#body.length) return null
    const piece = this.#memory.get(this.#name())
    if (piece === undefined) return null
    this.#goOn(piece)
    return piece
  }

  add(piece: ReadPiece): void {
    this.#memory.set(this.#name(), piece)
    this.#goOn(piece)
  }

  #name(): string {
    const { digest, idOf } = this.#memory
    const start = this.length * PIECE_BYTES
    this.#nextName ??= `${idOf(this.#last)} ${digest(this.#body.subarray(start, start + PIECE_BYTES))}`
    return this.#nextName
  }

  #goOn(piece: ReadPiece): void {
    this.#last = piece
    this.#nextName = null
    this.length += 1
  }
}

/** Adds what is known to `soFar`; gives the place from which to read on. */
function recall(chain: Chain, soFar: ReadSoFar): JsonStop | null {
  let stop: JsonStop | null = null
  for (let piece = chain.next(); piece !== null; piece = chain.next()) {
    const { read } = piece
    if (read === null) continue
    for (const part of read.parts) soFar.parts.push(part)
    for (const part of read.media) soFar.media.push(part)
    soFar.histories.push(...read.histories)
    soFar.model = read.model
    soFar.containers += read.containers
    stop = read.stop
  }
  return stop
}

interface Learned {
  /** Where reading began. */
  readonly first: Mark
  /** The last place of each piece that has one. */
  readonly marks: ReadonlyMap<number, Mark>
}

function remember(chain: Chain, { parts, media, histories }: ReadSoFar, { first, marks }: Learned): void {
  const last = Math.max(...marks.keys())
  let from = first
  while (chain.length <= last) {
    const to = marks.get(chain.length)
    if (to === undefined || to.stop === null) {
      chain.add({ read: null })
      continue
    }
    const read = {
      parts: parts.slice(from.parts, to.parts),
      media: media.slice(from.media, to.media),
      histories: histories.slice(from.histories, to.histories),
      containers: to.containers - from.containers,
      model: to.model,
      stop: to.stop,
    }
    chain.add({ read })
    from = to
  }
}
