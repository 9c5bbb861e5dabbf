/**
 * Compares the personal lines beside an event file with the digests in its lines. Both files have the same order, so the
 * next personal line is nearly always the one that is asked for; only when it is not, they are looked up by id.
 */
import { hash } from 'node:crypto'
import { BytePattern } from './byte-pattern.ts'
import type { IsErased } from './erased-persons.ts'
import { eachLine, type LineCursor, openLines } from './line-bytes.ts'
import type { EntryPlace } from './merkle.ts'

const ID = new BytePattern('"id":"')
const ULID_CHARS = 26
/** A line that is encrypted under its subject's key, and where it names his pseudonym. */
const SEALED = new BytePattern('{"v":2,')
const WHO = new BytePattern('","who":"')
const WHO_CHARS = 22

/** `erased`: it is there and nobody can open it any more; `removed`: it is not there. */
export type PersonState = 'present' | 'erased' | 'removed' | 'changed'

interface PersonalLine {
  readonly digest: string
  readonly isErased: boolean
}

/** Close it. */
export class PersonDigests {
  readonly #file: string
  readonly #isErased: IsErased
  /** Asked once for each pseudonym. */
  readonly #erased = new Map<string, boolean>()
  /** Stands on the next personal line; `null`: there is no file. */
  readonly #lines: LineCursor | null
  /** Digest of that line; `null`: there is none any more. */
  #digest: string | null = null
  /** By id, once the order did not hold. */
  #byId: Map<string, PersonalLine> | null = null
  readonly #repeated = new Set<string>()

  /** `isErased`: `null` when nobody can tell. Throws as `openText`. */
  constructor(file: string, isErased: IsErased | null) {
    this.#file = file
    this.#isErased = isErased ?? (() => false)
    this.#lines = openLines(file, 0)
    try {
      this.#goOn()
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.#lines?.close()
  }

  /** What became of the person of an event line that names this digest. Throws as `openText`. */
  check(line: EntryPlace, whoDigest: string): PersonState {
    if (this.#byId === null && this.#lines !== null && this.#digest === whoDigest) {
      const isErased = this.#lostKey(this.#lines)
      this.#goOn()
      return isErased ? 'erased' : 'present'
    }
    this.#byId ??= this.#readAll()
    const found = this.#byId.get(idOf(line))
    return found === undefined || found.digest === whoDigest ? stateOf(found) : 'changed'
  }

  /** To be asked at the end: ids of which there is more than one personal line. Throws as `openText`. */
  repeatedIds(): ReadonlySet<string> {
    // When each line had its record, in order, there is none.
    if (this.#byId === null && this.#digest !== null) this.#byId = this.#readAll()
    return this.#repeated
  }

  #goOn(): void {
    this.#digest = this.#lines?.next() === true ? digestOf(this.#lines) : null
  }

  #readAll(): Map<string, PersonalLine> {
    const lines = new Map<string, PersonalLine>()
    const take = (bytes: Buffer, from: number, to: number): void => {
      const line = { bytes, from, to }
      const id = parsedId(line) ?? idOf(line)
      if (id === '') return
      if (lines.has(id)) this.#repeated.add(id)
      else lines.set(id, { digest: digestOf(line), isErased: this.#lostKey(line) })
    }
    eachLine(this.#file, 0, take, () => false)
    return lines
  }

  #lostKey({ bytes, from, to }: EntryPlace): boolean {
    if (!SEALED.stands(bytes, from, to)) return false
    const at = WHO.indexIn(bytes, from, to)
    if (at === -1) return false
    const who = bytes.toString('latin1', at + WHO.length, at + WHO.length + WHO_CHARS)
    let isErased = this.#erased.get(who)
    if (isErased === undefined) this.#erased.set(who, (isErased = this.#isErased(who)))
    return isErased
  }
}

const digestOf = ({ bytes, from, to }: EntryPlace): string => hash('sha256', bytes.subarray(from, to), 'hex')

function stateOf(found: PersonalLine | undefined): PersonState {
  if (found === undefined) return 'removed'
  return found.isErased ? 'erased' : 'present'
}

/** The record's id in a chained line, or in one that was damaged: the last `"id":"`, as its texts cannot hold those quotes. */
export function idOf({ bytes, from, to }: EntryPlace): string {
  const at = ID.lastIndexIn(bytes, from, to)
  return at === -1 ? '' : bytes.toString('latin1', at + ID.length, Math.min(to, at + ID.length + ULID_CHARS))
}

/** The id of a personal line as every reader of it finds it, however it is written; `null`: it has none. */
function parsedId({ bytes, from, to }: EntryPlace): string | null {
  try {
    const { id } = JSON.parse(bytes.toString('utf8', from, to)) as { readonly id?: unknown }
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}
