/**
 * Who may decode: what a compressed body becomes is many times what was held of it, so bodies that are being read are
 * bounded all together. What does not fit waits; clients take turns, so that one with many bodies delays nobody else.
 */

/** Share of the bytes that may be held which decoded bodies may have beside them. */
const SHARE = 0.25

export interface DecodingRoom {
  /** Runs `work` when there is room for what it decodes, at most `bytes`; one alone always runs. */
  readonly run: <T>(client: string, bytes: number, work: () => Promise<T>) => Promise<T>
}

interface Waiting {
  readonly bytes: number
  readonly start: () => void
}

/** `inspectingBytes`: of the configuration. */
export function createDecodingRoom(inspectingBytes: number): DecodingRoom {
  return new Room(inspectingBytes * SHARE)
}

class Room implements DecodingRoom {
  readonly #maxBytes: number
  /** In the order of their turns; no list is empty. */
  readonly #waiting = new Map<string, Waiting[]>()
  #usedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  readonly run = async <T>(client: string, bytes: number, work: () => Promise<T>): Promise<T> => {
    if (this.#waiting.size > 0 || !this.#isRoomFor(bytes)) await this.#turn(client, bytes)
    else this.#usedBytes += bytes
    try {
      return await work()
    } finally {
      this.#usedBytes -= bytes
      this.#next()
    }
  }

  #isRoomFor(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.#maxBytes
  }

  #turn(client: string, bytes: number): Promise<void> {
    return new Promise((start) => {
      const own = this.#waiting.get(client)
      if (own === undefined) this.#waiting.set(client, [{ bytes, start }])
      else own.push({ bytes, start })
    })
  }

  #next(): void {
    for (const [client, own] of this.#waiting) {
      const [first] = own
      // Who needs much is not passed by for ever by those who need little.
      if (first === undefined || !this.#isRoomFor(first.bytes)) return
      own.shift()
      // Behind all others; an iteration over a Map comes to what is put behind.
      this.#waiting.delete(client)
      if (own.length > 0) this.#waiting.set(client, own)
      this.#usedBytes += first.bytes
      first.start()
    }
  }
}
