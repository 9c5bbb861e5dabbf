/** What signed records of retention say is gone from a stream. Pure. */
import { mergedRanges, type SeqRange } from '../seq-ranges.ts'
import type { RecordedRemoval } from './recorded-removal.ts'

export interface NamedBy {
  readonly stream: string
  readonly removals: readonly RecordedRemoval[]
  /** Records under the newest good checkpoint: what is not signed could have been put there by whoever took the records. */
  readonly signed: number
  /** The record before the first one that is there, and its hex SHA-256 as that one says it; `null`: none is gone there. */
  readonly before: { readonly seq: number; readonly hash: string } | null
}

/** Merged ranges of the records, or of those whose persons are gone. */
export function namedRanges(what: RecordedRemoval['what'], { stream, removals, signed, before }: NamedBy): SeqRange[] {
  const counts = (one: RecordedRemoval): boolean => {
    if (one.what !== what || one.stream !== stream || one.seq > signed) return false
    // Written before there were ranges: it has to fit what follows to the record.
    return one.lastHash === null || (before?.hash === one.lastHash && one.gone.at(-1)?.[1] === before.seq)
  }
  return mergedRanges(removals.filter(counts).flatMap(({ gone }) => gone))
}
