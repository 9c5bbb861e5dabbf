/** Finds records by id in the event files themselves, without the store. */
import { listSegments } from '../segments.ts'
import { eachLine } from './line-bytes.ts'
import { lineFields } from './line-fields.ts'

export interface FoundLine {
  readonly stream: string
  readonly seq: number
  /** Its bytes, without the newline. */
  readonly line: Buffer
}

/** Most records of one flow: a connection with many messages is many flows. */
const MAX_FOUND = 1000

/** The records with this id, or of this flow; an id is a ULID. Throws I/O errors. */
export function findLines(dir: string, id: string): FoundLine[] {
  const marks = [`,"id":"${id}"`, `"flow":"${id}"`].map((mark) => Buffer.from(mark))
  const found: FoundLine[] = []
  const isFull = (): boolean => found.length >= MAX_FOUND
  for (const { events } of listSegments(dir)) {
    eachLine(
      events,
      0,
      (bytes, from, to) => {
        const line = bytes.subarray(from, to)
        if (!marks.some((mark) => line.includes(mark))) return
        const fields = lineFields(bytes, from, to)
        if (fields !== null) found.push({ stream: fields.stream, seq: fields.seq, line: Buffer.from(line) })
      },
      isFull,
    )
  }
  return found
}
