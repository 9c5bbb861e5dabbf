/**
 * What is not there any more: records that are in no file, and personal files. Nothing is ever removed without a signed
 * record that says so, and that record may stand anywhere behind; so all is gathered first.
 */
import { basename } from 'node:path'
import type { Segment } from '../segments.ts'
import { firstOutside, type SeqRange } from '../seq-ranges.ts'
import type { LineFields } from './line-fields.ts'
import { namedRanges } from './named-ranges.ts'
import type { RecordedRemoval } from './recorded-removal.ts'
import type { SegmentScan } from './scan-segment.ts'
import type { Problem } from './verify-report.ts'

type Unnamed = NonNullable<SegmentScan['unnamed']> & { readonly file: string }

export interface GoneReport {
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
  /** Records whose persons went because they were old. */
  readonly expired: number
}

export class GoneCheck {
  readonly #removals: RecordedRemoval[] = []
  /** In order. */
  readonly #missing: SeqRange[] = []
  readonly #unnamed: Unnamed[] = []

  /** No file has these records, while such behind them are there. */
  missing(range: SeqRange): void {
    this.#missing.push(range)
  }

  /** What a file of the stream says; in order. */
  take(segment: Segment, { removals, unnamed }: Pick<SegmentScan, 'removals' | 'unnamed'>): void {
    for (const removal of removals) this.#removals.push(removal)
    if (unnamed !== null) this.#unnamed.push({ ...unnamed, file: basename(segment.events) })
  }

  /** Is anything to be said by a record? */
  get isAny(): boolean {
    return this.#missing.length > 0 || this.#unnamed.length > 0
  }

  /** `first`: of the records that are there; `signed`: under the newest good checkpoint. */
  report({ stream, signed, first }: { stream: string; signed: number; first: LineFields | null }): GoneReport {
    const [start] = this.#missing
    const before = start?.[0] === 1 ? { seq: start[1], hash: first?.prevHash ?? '' } : null
    const by = { stream, removals: this.#removals, signed, before }
    const records = this.#records(first === null ? null : namedRanges('records', by))
    const persons = this.#persons(namedRanges('persons', by), signed)
    return { ...records, problems: [...records.problems, ...persons.problems], expired: persons.expired }
  }

  /** `named`: `null` when no record is there, which is said elsewhere. */
  #records(named: readonly SeqRange[] | null): Pick<GoneReport, 'problems' | 'notes'> {
    const problems: Problem[] = []
    const notes: string[] = []
    for (const range of named === null ? [] : this.#missing) {
      const seq = firstOutside(named ?? [], range)
      const what = `records ${seq ?? range[0]} to ${range[1]}`
      // Of the beginning it is noted for all.
      if (seq === null && range[0] > 1) notes.push(`${what} were removed because of their age`)
      if (seq === null) continue
      const message = `${what} are gone, and no signed record says that they were removed because of their age`
      problems.push({ kind: 'removed', seq, file: null, line: null, message })
    }
    return { problems, notes }
  }

  #persons(named: readonly SeqRange[], signed: number): Pick<GoneReport, 'problems' | 'expired'> {
    const problems: Problem[] = []
    let expired = 0
    for (const { seq, lastSeq, count, file, line } of this.#unnamed) {
      const at = firstOutside(named, [seq, lastSeq])
      if (at === null) expired += count
      // A power cut may take it from a record nobody was told of.
      if (at === null || at > signed) continue
      const lines = count === 1 ? 'the personal line' : `the personal file with ${count} lines`
      const message = `${lines}, from record ${at} on, was removed, and no signed record says because of its age`
      problems.push({ kind: 'person', seq: at, file, line: at === seq ? line : null, message })
    }
    return { problems, expired }
  }
}

/** Problems with others put in where their records stand: the first one is the first that is wrong. */
export function inPlace(problems: readonly Problem[], more: readonly Problem[]): Problem[] {
  const all = [...problems]
  for (const problem of more) {
    const at = all.findIndex(({ seq }) => (seq ?? 0) > (problem.seq ?? 0))
    all.splice(at === -1 ? all.length : at, 0, problem)
  }
  return all
}
