/** Records of what retention removed: without one, a stream that does not begin at its first record was cut. */

const ACTOR = Buffer.from('{"actor":')
const OPERATION = Buffer.from('"operation":"retention.remove"')

/** The oldest records of a stream, up to one, are gone because they were old. */
export interface RecordedRemoval {
  /** Number of the record that says so. */
  readonly seq: number
  readonly stream: string
  readonly lastSeq: number
  /** Hex SHA-256 of the last of them. */
  readonly lastHash: string
}

/** What the line between `from` and `to` says of it; `null`: nothing. Cheap for all other lines. */
export function recordedRemoval(bytes: Buffer, from: number, to: number): RecordedRemoval | null {
  // Lines are canonical: only those of deeds begin with their actor.
  if (bytes.compare(ACTOR, 0, ACTOR.length, from, Math.min(to, from + ACTOR.length)) !== 0) return null
  const line = bytes.subarray(from, to)
  if (!line.includes(OPERATION)) return null
  try {
    const { operation, seq, target, after } = JSON.parse(line.toString('utf8')) as Deed
    if (operation !== 'retention.remove' || typeof target !== 'string') return null
    const { lastSeq, lastHash } = after ?? {}
    if (typeof seq !== 'number' || typeof lastSeq !== 'number' || typeof lastHash !== 'string') return null
    return { seq, stream: target, lastSeq, lastHash }
  } catch {
    return null // no record: said by whoever reads the line
  }
}

interface Deed {
  readonly operation?: unknown
  readonly seq?: unknown
  readonly target?: unknown
  readonly after?: { readonly lastSeq?: unknown; readonly lastHash?: unknown } | null
}
