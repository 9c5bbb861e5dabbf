/**
 * The personal lines of one segment, read beside its records. The writer puts a personal line down before its record and
 * both in the same order, so that little is read ahead and the place to go on from is always known.
 */
import { readLines } from '../line-chunks.ts'

const STEP_BYTES = 256 * 1024
/** How far a personal line is looked for; what stands further away belongs to other records. */
const AHEAD_BYTES = 4 * 1024 * 1024

interface Read {
  readonly line: string
  /** Where the chunk began that it stood in. */
  readonly from: number
}

export class PersonLines {
  readonly #file: string
  readonly #ahead = new Map<string, Read>()
  /** Where to read on. */
  #end: number
  #from: number

  /** `from`: what `from` of an earlier one said, or 0. */
  constructor(file: string, from: number) {
    this.#file = file
    this.#end = from
    this.#from = from
  }

  /** Reading from here finds the persons of all records behind the last one asked for. */
  get from(): number {
    return this.#from
  }

  /** The personal line of a record; `null`: there is none. Throws as `readLines`. */
  take(id: string): string | null {
    while (!this.#ahead.has(id) && this.#end - this.#from < AHEAD_BYTES && this.#readOn());
    const found = this.#ahead.get(id)
    if (found === undefined) {
      if (this.#end - this.#from >= AHEAD_BYTES) this.#forget(this.#from + STEP_BYTES)
      return null
    }
    this.#ahead.delete(id)
    if (found.from > this.#from) this.#forget(found.from)
    return found.line
  }

  #readOn(): boolean {
    const chunk = readLines(this.#file, this.#end, STEP_BYTES)
    if (!chunk.ok || chunk.end === this.#end) return false
    for (const line of chunk.lines) {
      const id = idOf(line)
      if (id !== null) this.#ahead.set(id, { line, from: this.#end })
    }
    this.#end = chunk.end
    return true
  }

  /** Lines of records that were never finished stay behind: nobody asks for them. */
  #forget(before: number): void {
    let next = this.#end
    for (const [id, { from }] of this.#ahead) {
      if (from < before) this.#ahead.delete(id)
      else next = Math.min(next, from)
    }
    this.#from = next
  }
}

function idOf(line: string): string | null {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown }
    return typeof id === 'string' ? id : null
  } catch {
    return null // `weir audit verify` names lines that are none
  }
}
