/** Counts by name with a bound: hostile traffic can bring endless hosts and users, memory stays flat. */

/** Names that are counted one by one; further ones are counted together. */
export const MAX_NAMES = 20_000
/** Characters of a name that are kept. */
const MAX_NAME = 200

/** Rows of numbers by name. */
export class Tally<F extends string> {
  readonly #fields: readonly F[]
  readonly #rows = new Map<string, Record<F, number>>()
  #unnamed = 0

  constructor(...fields: readonly F[]) {
    this.#fields = fields
  }

  add(name: string, counts: Partial<Record<F, number>>): void {
    const key = name.slice(0, MAX_NAME)
    const row = this.#rows.get(key) ?? this.#newRow(key)
    if (row === null) {
      this.#unnamed++
      return
    }
    for (const field of this.#fields) row[field] += counts[field] ?? 0
  }

  /** How many names were counted. */
  get size(): number {
    return this.#rows.size
  }

  /** Largest first, equal ones by name. */
  rows(by: F, limit = Number.POSITIVE_INFINITY): Row<F>[] {
    return [...this.#rows]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => b[by] - a[by] || (a.name < b.name ? -1 : 1))
      .slice(0, limit)
  }

  /** How often a name beyond the bound was met. */
  get beyond(): number {
    return this.#unnamed
  }

  #newRow(key: string): Record<F, number> | null {
    if (this.#rows.size >= MAX_NAMES) return null
    const row = Object.fromEntries(this.#fields.map((field) => [field, 0])) as Record<F, number>
    this.#rows.set(key, row)
    return row
  }
}

export type Row<F extends string> = { readonly name: string } & Readonly<Record<F, number>>
