/**
 * Cuts a stream of server-sent events (WHATWG HTML section 9.2) into the bytes of its events, so that one can be edited
 * and all others go on as they came. Memory is bounded: of an event beyond the limit the pieces are given as they come.
 */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from './growing-bytes.ts'

export interface SseBlockSink {
  /** One whole event with the blank line that ends it. Valid only during the call. */
  readonly event: (bytes: Buffer) => void
  /** A piece of an event that is too long to be kept, or the end of a line end. */
  readonly rest: (bytes: Buffer) => void
}

const LF = 0x0a
const CR = 0x0d

export class SseBlocks {
  readonly #sink: SseBlockSink
  readonly #maxBytes: number
  readonly #begun = new GrowingBytes()
  #isLineEmpty = true
  #isAfterCr = false
  #isTooLong = false
  /** Events that were too long. */
  skipped = 0

  constructor(sink: SseBlockSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let from = 0
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at]
      const isSecondHalf = byte === LF && this.#isAfterCr
      this.#isAfterCr = byte === CR
      if (isSecondHalf) continue
      if (byte !== LF && byte !== CR) this.#isLineEmpty = false
      else if (this.#isLineEmpty) {
        // A line feed that stands behind the carriage return belongs to this end.
        if (byte === CR && bytes[at + 1] === LF) {
          at += 1
          this.#isAfterCr = false
        }
        this.#end(bytes.subarray(from, at + 1))
        from = at + 1
      } else this.#isLineEmpty = true
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from))
  }

  /** What came of an event that never ended. */
  flush(): Buffer {
    const left = Buffer.from(this.#begun.bytes())
    this.#begun.clear()
    return left
  }

  #end(last: Buffer): void {
    const isWhole = !this.#isTooLong && this.#begun.length + last.length <= this.#maxBytes
    if (!isWhole) {
      this.#keep(last)
      this.#isTooLong = false
    } else if (this.#begun.length === 0) this.#sink.event(last)
    else {
      this.#begun.add(last)
      const event = Buffer.from(this.#begun.bytes())
      this.#begun.clear()
      this.#sink.event(event)
    }
    this.#isLineEmpty = true
  }

  #keep(piece: Buffer): void {
    if (!this.#isTooLong && this.#begun.length + piece.length > this.#maxBytes) {
      this.#isTooLong = true
      this.skipped += 1
      this.#sink.rest(this.flush())
    }
    if (this.#isTooLong) this.#sink.rest(piece)
    else this.#begun.add(piece)
  }
}

/** One line of an event, with its end. */
interface Line {
  readonly bytes: Buffer
  readonly isData: boolean
  /** Bytes of its end: 0 to 2. */
  readonly endBytes: number
  /** Where its data begins. */
  readonly from: number
}

/** The data of an event: its data lines joined by line feeds; `null` when it has none. */
export function blockData(event: Buffer): Buffer | null {
  const lines = linesOf(event).filter(({ isData }) => isData)
  const [first] = lines
  if (first === undefined) return null
  const pieces = lines.map(({ bytes, from, endBytes }) => bytes.subarray(from, bytes.length - endBytes))
  if (pieces.length === 1) return pieces[0] ?? null
  return Buffer.concat(pieces.flatMap((piece, index) => (index === 0 ? [piece] : [NEWLINE, piece])))
}

/** The same event with other data; its other lines stay. */
export function withBlockData(event: Buffer, data: Buffer): Buffer {
  let isWritten = false
  const pieces = linesOf(event).flatMap((line) => {
    if (!line.isData) return [line.bytes]
    if (isWritten) return []
    isWritten = true
    const end = line.bytes.subarray(line.bytes.length - line.endBytes)
    return splitLines(data).flatMap((text) => [DATA_FIELD, text, end])
  })
  return Buffer.concat(pieces)
}

const NEWLINE = Buffer.from('\n')
const DATA = Buffer.from('data')
const DATA_FIELD = Buffer.from('data: ')

function linesOf(event: Buffer): Line[] {
  const lines: Line[] = []
  for (let from = 0; from < event.length; ) {
    let at = from
    while (at < event.length && event[at] !== LF && event[at] !== CR) at += 1
    const endBytes = at === event.length ? 0 : event[at] === CR && event[at + 1] === LF ? 2 : 1
    const bytes = event.subarray(from, at + endBytes)
    const isData = bytes.subarray(0, 4).equals(DATA) && (at - from === 4 || bytes[4] === 0x3a)
    const dataFrom = at - from === 4 ? 4 : bytes[5] === 0x20 ? 6 : 5
    lines.push({ bytes, isData, endBytes, from: isData ? Math.min(dataFrom, at - from) : 0 })
    from = at + endBytes
  }
  return lines
}

function splitLines(data: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let from = 0
  for (let at = data.indexOf(LF); at >= 0; at = data.indexOf(LF, from)) {
    lines.push(data.subarray(from, at))
    from = at + 1
  }
  lines.push(data.subarray(from))
  return lines
}
