/**
 * Compares the personal lines beside an event file with the digests in its lines. Both files have the same order, so the
 * next personal line is nearly always the one that is asked for; only when it is not, they are looked up by id.
 */
import { hash } from 'node:crypto'
import { eachLine } from './line-bytes.ts'

/** Persons read ahead; a group of lines of both files is much smaller. */
const AHEAD = 4096
const ID = Buffer.from('"id":"')
const ULID_CHARS = 26

/** `erased`: there is no personal line. */
export type PersonState = 'present' | 'erased' | 'changed'

export class PersonDigests {
  readonly #file: string
  /** Digests of the next personal lines. */
  #ahead: string[] = []
  #next = 0
  #offset = 0
  #isAtEnd = false
  /** Digests by id, once the order did not hold. */
  #byId: Map<string, string> | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** What became of the person of an event line that names this digest. Throws as `openText`. */
  check(line: Buffer, whoDigest: string): PersonState {
    if (this.#next === this.#ahead.length && !this.#isAtEnd) this.#readOn()
    if (this.#byId === null && this.#ahead[this.#next] === whoDigest) {
      this.#next++
      return 'present'
    }
    this.#byId ??= this.#readAll()
    const digest = this.#byId.get(idOf(line))
    if (digest === undefined) return 'erased'
    return digest === whoDigest ? 'present' : 'changed'
  }

  #readOn(): void {
    this.#ahead = []
    this.#next = 0
    const read = eachLine(this.#file, this.#offset, this.#take, () => this.#ahead.length >= AHEAD)
    this.#isAtEnd = this.#ahead.length === 0
    this.#offset = read?.end ?? 0
  }

  #readAll(): Map<string, string> {
    const digests = new Map<string, string>()
    const take = (bytes: Buffer, from: number, to: number): void => {
      const line = bytes.subarray(from, to)
      digests.set(idOf(line), hash('sha256', line, 'hex'))
    }
    eachLine(this.#file, 0, take, () => false)
    return digests
  }

  #take = (bytes: Buffer, from: number, to: number): void => {
    this.#ahead.push(hash('sha256', bytes.subarray(from, to), 'hex'))
  }
}

/** The record's id in either kind of line: the last `"id":"` of a chained one, as its texts cannot hold those quotes. */
function idOf(line: Buffer): string {
  const at = line.lastIndexOf(ID)
  return at === -1 ? '' : line.toString('latin1', at + ID.length, at + ID.length + ULID_CHARS)
}
