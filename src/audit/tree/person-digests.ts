/**
 * Compares the personal lines beside an event file with the digests in its lines. Both files have the same order, so the
 * next personal line is nearly always the one that is asked for; only when it is not, they are looked up by id.
 */
import { hash } from 'node:crypto'
import type { IsErased } from './erased-persons.ts'
import { eachLine } from './line-bytes.ts'

/** Persons read ahead; a group of lines of both files is much smaller. */
const AHEAD = 4096
const ID = Buffer.from('"id":"')
const ULID_CHARS = 26
/** A line that is encrypted under its subject's key, and where it names his pseudonym. */
const SEALED = Buffer.from('{"v":2,')
const WHO = Buffer.from('","who":"')
const WHO_CHARS = 22

/** `erased`: it is there and nobody can open it any more; `removed`: it is not there. */
export type PersonState = 'present' | 'erased' | 'removed' | 'changed'

interface PersonalLine {
  readonly digest: string
  readonly isErased: boolean
}

export class PersonDigests {
  readonly #file: string
  readonly #isErased: IsErased
  /** The next personal lines. */
  #ahead: PersonalLine[] = []
  #next = 0
  #offset = 0
  #isAtEnd = false
  /** By id, once the order did not hold. */
  #byId: Map<string, PersonalLine> | null = null
  readonly #repeated = new Set<string>()

  /** `isErased`: `null` when nobody can tell. */
  constructor(file: string, isErased: IsErased | null) {
    this.#file = file
    this.#isErased = isErased ?? (() => false)
  }

  /** What became of the person of an event line that names this digest. Throws as `openText`. */
  check(line: Buffer, whoDigest: string): PersonState {
    if (this.#byId === null && this.#peek()?.digest === whoDigest) return stateOf(this.#ahead[this.#next++])
    this.#byId ??= this.#readAll()
    const found = this.#byId.get(idOf(line))
    return found === undefined || found.digest === whoDigest ? stateOf(found) : 'changed'
  }

  /** To be asked at the end: ids of which there is more than one personal line. Throws as `openText`. */
  repeatedIds(): ReadonlySet<string> {
    // When each line had its record, in order, there is none.
    if (this.#byId === null && this.#peek() !== undefined) this.#byId = this.#readAll()
    return this.#repeated
  }

  #peek(): PersonalLine | undefined {
    if (this.#next === this.#ahead.length && !this.#isAtEnd) this.#readOn()
    return this.#ahead[this.#next]
  }

  #readOn(): void {
    this.#ahead = []
    this.#next = 0
    const take = (bytes: Buffer, from: number, to: number): void => {
      this.#ahead.push(this.#read(bytes.subarray(from, to)))
    }
    const read = eachLine(this.#file, this.#offset, take, () => this.#ahead.length >= AHEAD)
    this.#isAtEnd = this.#ahead.length === 0
    this.#offset = read?.end ?? 0
  }

  #readAll(): Map<string, PersonalLine> {
    const lines = new Map<string, PersonalLine>()
    const take = (bytes: Buffer, from: number, to: number): void => {
      const line = bytes.subarray(from, to)
      const id = parsedId(line) ?? idOf(line)
      if (id === '') return
      if (lines.has(id)) this.#repeated.add(id)
      else lines.set(id, this.#read(line))
    }
    eachLine(this.#file, 0, take, () => false)
    return lines
  }

  #read(line: Buffer): PersonalLine {
    return { digest: hash('sha256', line, 'hex'), isErased: this.#lostKey(line) }
  }

  #lostKey(line: Buffer): boolean {
    if (line.compare(SEALED, 0, SEALED.length, 0, Math.min(line.length, SEALED.length)) !== 0) return false
    const at = line.indexOf(WHO)
    const from = at + WHO.length
    return at !== -1 && this.#isErased(line.toString('latin1', from, from + WHO_CHARS))
  }
}

function stateOf(found: PersonalLine | undefined): PersonState {
  if (found === undefined) return 'removed'
  return found.isErased ? 'erased' : 'present'
}

/** The record's id in a chained line, or in one that was damaged: the last `"id":"`, as its texts cannot hold those quotes. */
export function idOf(line: Buffer): string {
  const at = line.lastIndexOf(ID)
  return at === -1 ? '' : line.toString('latin1', at + ID.length, at + ID.length + ULID_CHARS)
}

/** The id of a personal line as every reader of it finds it, however it is written; `null`: it has none. */
function parsedId(line: Buffer): string | null {
  try {
    const { id } = JSON.parse(line.toString('utf8')) as { readonly id?: unknown }
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}
