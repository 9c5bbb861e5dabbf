/** Records of what retention removed: what is gone from a stream and named by none of them was taken. */
import { readRanges, type SeqRange } from '../seq-ranges.ts'

const ACTOR = Buffer.from('{"actor":')
const OPERATION = Buffer.from('"operation":"retention.')
/** By operation: what goes. */
const GOES = new Map<unknown, RecordedRemoval['what']>([
  ['retention.remove', 'records'],
  ['retention.forget', 'persons'],
])

/** Records of a stream, or the persons of its records, are gone because they were old. */
export interface RecordedRemoval {
  /** Number of the record that says so. */
  readonly seq: number
  readonly what: 'records' | 'persons'
  readonly stream: string
  /** All that is gone, with this removal and by those before it. */
  readonly gone: readonly SeqRange[]
  /** Hex SHA-256 of the last one, where the record says no ranges but the beginning up to there; `null`: it says ranges. */
  readonly lastHash: string | null
}

/** What the line between `from` and `to` says of it; `null`: nothing. Cheap for all other lines. */
export function recordedRemoval(bytes: Buffer, from: number, to: number): RecordedRemoval | null {
  // Lines are canonical: only those of deeds begin with their actor.
  if (bytes.compare(ACTOR, 0, ACTOR.length, from, Math.min(to, from + ACTOR.length)) !== 0) return null
  const line = bytes.subarray(from, to)
  if (!line.includes(OPERATION)) return null
  try {
    return readDeed(JSON.parse(line.toString('utf8')) as Deed)
  } catch {
    return null // no record: said by whoever reads the line
  }
}

function readDeed({ operation, seq, target, after }: Deed): RecordedRemoval | null {
  const what = GOES.get(operation)
  if (what === undefined || typeof target !== 'string' || typeof seq !== 'number') return null
  const gone = readRanges(after?.gone)
  if (gone !== null) return { seq, what, stream: target, gone, lastHash: null }
  const { lastSeq, lastHash } = after ?? {}
  if (what !== 'records' || typeof lastSeq !== 'number' || typeof lastHash !== 'string') return null
  return { seq, what, stream: target, gone: [[1, lastSeq]], lastHash }
}

interface Deed {
  readonly operation?: unknown
  readonly seq?: unknown
  readonly target?: unknown
  readonly after?: { readonly gone?: unknown; readonly lastSeq?: unknown; readonly lastHash?: unknown } | null
}
