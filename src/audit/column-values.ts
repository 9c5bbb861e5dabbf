/** The texts of a column and their codes; a filter looks at each text once instead of at each row. */
import type { DatabaseSync } from 'node:sqlite'

/** No text. */
export const NO_CODE = 0
/** A text that is not kept here: the record must be looked at. */
export const ELSEWHERE = 1
const FIRST_CODE = 2

/** Bounds of what one column may make us remember: beyond them its new texts stand `ELSEWHERE`. */
const MAX_VALUES = 200_000
const MAX_CHARS = 512

export class ColumnValues {
  readonly #db: DatabaseSync
  readonly #column: number
  readonly #codes = new Map<string, number>()
  readonly #texts: (string | null)[] = [null, null]
  readonly #maxValues: number
  #unsaved: number
  #hasElsewhere = false

  constructor(db: DatabaseSync, column: number, maxValues = MAX_VALUES) {
    this.#db = db
    this.#column = column
    this.#maxValues = maxValues
    for (const row of db.prepare('SELECT code, text FROM dictionary WHERE col = ? ORDER BY code').all(column)) {
      const [code, text] = [Number(row['code']), String(row['text'])]
      if (code === ELSEWHERE) this.#hasElsewhere = true
      else {
        while (this.#texts.length < code) this.#texts.push(null)
        this.#texts.push(text)
        this.#codes.set(text, code)
      }
    }
    this.#unsaved = this.#texts.length
  }

  /** By code; `null`: the code is not in use. */
  get texts(): readonly (string | null)[] {
    return this.#texts
  }

  /** Some rows have `ELSEWHERE`. */
  get hasElsewhere(): boolean {
    return this.#hasElsewhere
  }

  /** The code of a text, new if need be. */
  codeOf(text: string): number {
    return this.#codes.get(text) ?? this.#add(text)
  }

  /** The code of a text that is known. */
  findCode(text: string): number | undefined {
    return this.#codes.get(text)
  }

  textOf(code: number): string | null {
    return this.#texts[code] ?? null
  }

  /** Forget texts of which no row has the code. Gives their number. */
  keepOnly(isUsed: Uint8Array): number {
    const drop = this.#db.prepare('DELETE FROM dictionary WHERE col = ? AND code = ?')
    let dropped = 0
    for (let code = FIRST_CODE; code < this.#texts.length; code++) {
      const text = this.#texts[code] ?? null
      if (text === null || isUsed[code] === 1) continue
      this.#codes.delete(text)
      this.#texts[code] = null
      drop.run(this.#column, code)
      dropped++
    }
    return dropped
  }

  /** Write what is new, inside the caller's transaction; `flushed` once that is committed. */
  flush(): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO dictionary (col, code, text) VALUES (?, ?, ?)')
    if (this.#hasElsewhere) put.run(this.#column, ELSEWHERE, '')
    for (let code = this.#unsaved; code < this.#texts.length; code++) {
      const text = this.#texts[code] ?? null
      if (text !== null) put.run(this.#column, code, text)
    }
  }

  flushed(): void {
    this.#unsaved = this.#texts.length
  }

  #add(text: string): number {
    if (text.length > MAX_CHARS || this.#codes.size >= this.#maxValues) {
      this.#hasElsewhere = true
      return ELSEWHERE
    }
    const code = this.#texts.length
    // A copy of its own: a slice of a parsed line would keep all of the line in memory.
    const own = Buffer.from(text, 'utf8').toString('utf8')
    this.#texts.push(own)
    this.#codes.set(own, code)
    return code
  }
}
