/**
 * The few fields of a chained line that checking needs, read off its bytes: parsing every line as JSON would cost ten
 * times as much. Lines are canonical, so these keys stand in one order, and inside a text their quotes are escaped.
 */

const PREV_HASH = Buffer.from('"prevHash":"')
const SEQ = Buffer.from(',"seq":')
const STREAM = Buffer.from(',"stream":"')
const WHO_DIGEST = Buffer.from(',"whoDigest":"')
const QUOTE = 34
const HEX_CHARS = 64

/** Where a line says it stands. */
export interface LineFields {
  readonly seq: number
  readonly stream: string
  readonly prevHash: string
  /** Empty when the event has no person. */
  readonly whoDigest: string
}

/** The fields of the line between `from` and `to`; `null`: it is no chained line. */
export function lineFields(bytes: Buffer, from: number, to: number): LineFields | null {
  // From behind: an admin value, which stands before it, may have a key of the same name.
  const line = bytes.subarray(from, to)
  const hashAt = line.lastIndexOf(PREV_HASH)
  if (hashAt === -1) return null
  const hashFrom = hashAt + PREV_HASH.length
  const seqAt = line.indexOf(SEQ, hashFrom + HEX_CHARS)
  if (seqAt === -1) return null
  const seq = numberAt(line, seqAt + SEQ.length)
  const streamAt = line.indexOf(STREAM, seqAt)
  if (streamAt === -1 || seq === null) return null
  const streamFrom = streamAt + STREAM.length
  const streamTo = line.indexOf(QUOTE, streamFrom)
  if (streamTo === -1) return null
  const digestAt = line.indexOf(WHO_DIGEST, streamTo)
  return {
    seq,
    stream: line.toString('latin1', streamFrom, streamTo),
    prevHash: line.toString('latin1', hashFrom, hashFrom + HEX_CHARS),
    whoDigest:
      digestAt === -1
        ? ''
        : line.toString('latin1', digestAt + WHO_DIGEST.length, digestAt + WHO_DIGEST.length + HEX_CHARS),
  }
}

function numberAt(line: Buffer, from: number): number | null {
  let value = 0
  let at = from
  for (; at - from < 16; at++) {
    const digit = (line[at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return at === from ? null : value
}
