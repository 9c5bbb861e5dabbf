/** How far sinks are, from their files alone: for people while Weir runs or not, and for retention. */

import { openText } from '../segment-text.ts'
import { listSegments, type Segment } from '../segments.ts'
import type { SinkFiles } from '../store-protocol.ts'
import { readState, type SinkState, stateFile } from './state-file.ts'

/** A record is shorter, so that the last one is found in so much of a file's end. */
const TAIL_BYTES = 1024 * 1024

/** The last whole line of each stream, by its sequence number. Throws I/O errors. */
export function lastSeqs(dir: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const { stream, firstSeq, events } of listSegments(dir)) {
    found.set(stream, Math.max(found.get(stream) ?? 0, lastSeqOf(events) ?? firstSeq - 1))
  }
  return found
}

/** Of its last whole line; `null`: it holds none. Throws as `openText`. */
export function lastSeqOf(file: string): number | null {
  const text = openText(file)
  if (text === null) return null
  try {
    const from = Math.max(0, text.size - TAIL_BYTES)
    const lines = text
      .read(from, text.size - from)
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
    for (const line of lines.reverse()) {
      const seq = seqOf(line)
      if (seq !== null) return seq
    }
    return null
  } finally {
    text.close()
  }
}

function seqOf(line: string): number | null {
  try {
    const { seq } = JSON.parse(line) as { readonly seq?: unknown }
    return typeof seq === 'number' ? seq : null
  } catch {
    return null // half a line, or one of no use
  }
}

export interface SinkLag {
  readonly name: string
  /** `null`: it has never delivered anything, or its file is broken. */
  readonly state: SinkState | null
  /** Records it has not got; `null` where it is not known. */
  readonly behindEvents: number | null
}

/** Of each sink by its name. Throws I/O errors. */
export function sinkLags(dir: string, folder: string, names: readonly string[]): SinkLag[] {
  const last = lastSeqs(dir)
  return names.map((name) => {
    const read = readState(stateFile(folder, name))
    if (read.kind !== 'state') return { name, state: null, behindEvents: null }
    const { streams } = read.state
    const behind = [...last].map(([stream, seq]) => Math.max(0, seq - (streams[stream]?.seq ?? 0)))
    return { name, state: read.state, behindEvents: behind.reduce((sum, count) => sum + count, 0) }
  })
}

/**
 * The first segment of each stream that a sink has not delivered to its end, by its `firstSeq`: retention leaves it and
 * what follows. A stream that no sink is behind in is left out; a sink that never delivered needs all of it.
 */
export function oldestNeeded(dir: string, folder: string, names: readonly string[]): ReadonlyMap<string, number> {
  const needed = new Map<string, number>()
  const streams = new Set(listSegments(dir).map(({ stream }) => stream))
  for (const name of names) {
    const read = readState(stateFile(folder, name))
    for (const stream of streams) {
      const segment = read.kind === 'state' ? (read.state.streams[stream]?.segment ?? 0) : 0
      needed.set(stream, Math.min(needed.get(stream) ?? Number.MAX_SAFE_INTEGER, segment))
    }
  }
  return needed
}

/** So many days longer than `audit.retentionDays` records wait for a receiver that has not got them; then they are lost to it. */
export const SINK_KEEP_DAYS = 30

/** Must a segment whose newest event is of `newestMs` stay for a sink? `beforeMs`: what is older would go. */
export function neededBySinks(
  dir: string,
  { folder, names }: SinkFiles,
  beforeMs: number,
): (segment: Segment, newestMs: number) => boolean {
  const needed = oldestNeeded(dir, folder, names)
  const lastMs = beforeMs - SINK_KEEP_DAYS * 86_400_000
  return ({ stream, firstSeq }, newestMs) =>
    newestMs >= lastMs && firstSeq >= (needed.get(stream) ?? Number.MAX_SAFE_INTEGER)
}
