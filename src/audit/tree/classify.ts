/**
 * What was done at the first leaf that does not fit. The tiles there are known to be as they were signed, so they tell
 * where the line that stands here belongs, and whether the one that belongs here is elsewhere.
 */
import { basename } from 'node:path'
import type { Segment } from '../segments.ts'
import { HASH_BYTES } from './merkle.ts'
import type { SegmentScan } from './scan-segment.ts'
import { TILE_WIDTH } from './tile.ts'
import type { TreeReader } from './tree-files.ts'
import type { Problem } from './verify-report.ts'

export interface ClassifyInput {
  /** Index of the leaf, from 0. */
  readonly index: number
  /** The leaf of the line that stands there; `null`: the records end there. */
  readonly found: Buffer | null
  readonly segment: Segment
  readonly line: number
  /** Entries of the newest good checkpoint. */
  readonly signed: number
  readonly reader: TreeReader
  readonly segments: readonly Segment[]
  readonly scan: (segment: Segment) => Promise<SegmentScan>
}

/** Rejects with I/O errors. */
export async function classify(input: ClassifyInput): Promise<Problem> {
  const { index, found, segment, line } = input
  const seq = index + 1
  const expected = leafAt(input, index)
  const belongs = found === null ? -1 : indexOfLeaf(input, found)
  const elsewhere = expected === null ? null : await placeOf(input, expected)
  const at = { seq, file: basename(segment.events), line }
  if (elsewhere === null && belongs > index) {
    const what = belongs === index + 1 ? `record ${seq} was removed` : `records ${seq} to ${belongs} were removed`
    return { kind: 'removed', ...at, message: `${what}: here stands record ${belongs + 1}` }
  }
  if (elsewhere === null) {
    const copy = belongs === -1 ? '' : `: here stands record ${belongs + 1} again`
    return { kind: 'changed', ...at, message: `record ${seq} was changed: it is not the one that was signed${copy}` }
  }
  if (belongs > index) {
    const message = `record ${belongs + 1} stands where ${seq} belongs, which stands in ${elsewhere}: they were reordered`
    return { kind: 'reordered', ...at, message }
  }
  const what = belongs === -1 ? 'a line that was never signed' : `a copy of record ${belongs + 1}`
  return { kind: 'inserted', ...at, message: `${what} was inserted before record ${seq}, which stands in ${elsewhere}` }
}

function leafAt({ reader, signed }: ClassifyInput, index: number): Buffer | null {
  const tile = Math.floor(index / TILE_WIDTH)
  const width = Math.min(TILE_WIDTH, signed - tile * TILE_WIDTH)
  const leaves = width <= 0 ? null : reader.tile({ level: 0, index: tile, width })
  const at = (index % TILE_WIDTH) * HASH_BYTES
  // A copy: the reader may use its buffer again.
  return leaves === null ? null : Buffer.from(leaves.subarray(at, at + HASH_BYTES))
}

/** Where the tiles have this leaf; -1: nowhere. */
function indexOfLeaf({ reader, signed, index }: ClassifyInput, leaf: Buffer): number {
  for (let tile = 0; tile * TILE_WIDTH < signed; tile++) {
    const leaves = reader.tile({ level: 0, index: tile, width: Math.min(TILE_WIDTH, signed - tile * TILE_WIDTH) })
    // Behind the place that is asked about a tile that is missing is the end of all that are there.
    if (leaves === null && tile * TILE_WIDTH > index) break
    const at = leaves === null ? -1 : hashAt(leaves, leaf)
    if (at !== -1) return tile * TILE_WIDTH + at
  }
  return -1
}

/** Where a line with this leaf stands; `null`: in no file. */
async function placeOf({ segments, scan }: ClassifyInput, leaf: Buffer): Promise<string | null> {
  for (const segment of segments) {
    try {
      const at = hashAt((await scan(segment)).leaves, leaf)
      if (at !== -1) return `\`${basename(segment.events)}\` line ${at + 1}`
    } catch {
      // A file that cannot be read is a problem of its own, and holds no lines.
    }
  }
  return null
}

/** Place of a hash among hashes; -1: it is not there. */
function hashAt(hashes: Buffer, hash: Buffer): number {
  for (let from = 0; ; ) {
    const at = hashes.indexOf(hash, from)
    if (at === -1) return -1
    if (at % HASH_BYTES === 0) return at / HASH_BYTES
    from = at + 1
  }
}
