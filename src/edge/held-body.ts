/** Holds request bodies for inspection, all together within one budget. */
import type { WorkTurns } from '../domain/work-turns.ts'
import type { HeldBody } from '../flow/ports.ts'
import { gathered } from '../wire/gather-bytes.ts'
import type { ClientBody } from './client-side.ts'

/** Bytes held for inspection at once, all requests together. */
export class InspectionBudget {
  readonly #maxBytes: number
  /** While it says so, no new body is taken; one that is held already goes on. */
  readonly isFull: () => boolean
  readonly #byClient = new Map<string, number>()
  #usedBytes = 0

  constructor(maxBytes: number, isFull: () => boolean = () => false) {
    this.#maxBytes = maxBytes
    this.isFull = isFull
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** `client`: who has it; one client never gets more than half, so that it cannot leave the others unread. */
  take(bytes: number, client: string | null = null): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) return false
    if (client !== null) {
      const held = (this.#byClient.get(client) ?? 0) + bytes
      if (held > this.#maxBytes / 2) return false
      this.#byClient.set(client, held)
    }
    this.#usedBytes += bytes
    return true
  }

  giveBack(bytes: number, client: string | null = null): void {
    this.#usedBytes -= bytes
    if (client === null) return
    const left = (this.#byClient.get(client) ?? 0) - bytes
    if (left > 0) this.#byClient.set(client, left)
    else this.#byClient.delete(client)
  }
}

/** Collects chunks up to a limit and says why it stopped. Give back what it took when done. */
export class BodyHolder {
  readonly #budget: InspectionBudget
  readonly #maxBytes: number
  readonly #client: string | null
  readonly #chunks: Uint8Array[] = []
  #heldBytes = 0
  cut: HeldBody['cut'] = null

  constructor(budget: InspectionBudget, maxBytes: number, client: string | null = null) {
    this.#budget = budget
    this.#maxBytes = maxBytes
    this.#client = client
  }

  /** `false`: the limit is reached and this chunk was not taken. */
  add(chunk: Uint8Array): boolean {
    if (this.cut !== null) return false
    if (this.#heldBytes + chunk.length > this.#maxBytes) this.cut = 'oversize'
    else if ((this.#heldBytes === 0 && this.#budget.isFull()) || !this.#budget.take(chunk.length, this.#client))
      this.cut = 'over-capacity'
    else {
      this.#heldBytes += chunk.length
      this.#chunks.push(chunk)
      return true
    }
    return false
  }

  get body(): HeldBody {
    const [only] = this.#chunks
    if (this.#chunks.length === 1 && only !== undefined) return { bytes: only, cut: this.cut }
    const bytes = Buffer.concat(this.#chunks)
    // Held once, not twice.
    this.#chunks.splice(0, this.#chunks.length, bytes)
    return { bytes, cut: this.cut }
  }

  /** The same, over several turns where it is large. */
  async gather(turns: WorkTurns | undefined): Promise<HeldBody> {
    const { cut } = this
    const heldBytes = this.#heldBytes
    const bytes = await gathered(this.#chunks.splice(0), turns)
    // Not where it was released meanwhile.
    if (this.#heldBytes === heldBytes) this.#chunks.push(bytes)
    return { bytes, cut }
  }

  release(): void {
    this.#budget.giveBack(this.#heldBytes, this.#client)
    this.#heldBytes = 0
    this.#chunks.length = 0
  }
}

export interface CollectedBody {
  readonly held: HeldBody
  /** The chunk that did not fit any more; the body is paused behind it. `null` when it is whole. */
  readonly rest: Uint8Array | null
}

/** Read a request body into a holder. Rejects with a `ProxyError` when the client goes away or stops sending. */
export function collectBody(body: ClientBody, holder: BodyHolder, turns?: WorkTurns): Promise<CollectedBody> {
  return new Promise((resolve, reject) => {
    const done = (rest: Uint8Array | null): void => {
      holder.gather(turns).then((held) => resolve({ held, rest }), reject)
    }
    body.attach({
      chunk: (chunk) => {
        if (holder.add(chunk)) return true
        done(chunk)
        return false
      },
      end: () => done(null),
      fail: reject,
    })
  })
}

/**
 * The first bytes of a body, as far as they come in time; the body is paused behind them, or over. Rejects with a
 * `ProxyError` when the client goes away before. Whoever attaches next gets the rest, and the end.
 */
export function peekBody(body: ClientBody, maxBytes: number, waitMs: number): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let seenBytes = 0
    const done = (): void => {
      clearTimeout(timer)
      resolve(chunks)
    }
    const timer = setTimeout(() => {
      body.pause()
      done()
    }, waitMs)
    body.attach({
      chunk: (chunk) => {
        chunks.push(chunk)
        seenBytes += chunk.length
        if (seenBytes < maxBytes) return true
        done()
        return false
      },
      end: done,
      fail: (error) => {
        clearTimeout(timer)
        reject(error)
      },
    })
  })
}
