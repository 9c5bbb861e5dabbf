/**
 * Names and order of the audit files: `events-<stream>-<first seq>.jsonl` and its personal neighbour. A closed event file
 * may lie there as `….jsonl.zst`; it keeps its name without that ending, and segment-text.ts finds its text.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** One pair of files. */
export interface Segment {
  readonly stream: string
  /** Sequence number of its first line. */
  readonly firstSeq: number
  /** Full paths, without `.zst`. */
  readonly events: string
  readonly personal: string
}

const SEQ_DIGITS = 12
const NAME = /^events-(?<stream>[a-z0-9][a-z0-9-]*)-(?<seq>(?!0{12})\d{12})\.jsonl(?:\.zst)?$/u
const STREAM = /^[a-z0-9][a-z0-9-]{0,40}$/u

/** Is this a name that a stream may have? It becomes part of file names. */
export const isStreamName = (name: string): boolean => STREAM.test(name)

export function segmentOf(dir: string, stream: string, firstSeq: number): Segment {
  const name = `${stream}-${String(firstSeq).padStart(SEQ_DIGITS, '0')}.jsonl`
  return { stream, firstSeq, events: join(dir, `events-${name}`), personal: join(dir, `personal-${name}`) }
}

/** All segments of a folder, by stream and first sequence; empty when there is no folder yet. Throws other I/O errors. */
export function listSegments(dir: string): Segment[] {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const segments = new Map<string, Segment>()
  for (const name of names) {
    const groups = NAME.exec(name)?.groups
    if (groups === undefined) continue
    const segment = segmentOf(dir, groups['stream'] ?? '', Number(groups['seq']))
    segments.set(segment.events, segment)
  }
  return [...segments.values()].sort((a, b) =>
    a.stream === b.stream ? a.firstSeq - b.firstSeq : a.stream < b.stream ? -1 : 1,
  )
}
