/**
 * Finds the string leaves of a JSON document as byte spans, so that text can be looked at and edited in place.
 * Linear, not recursive, RFC 8259 strict apart from a leading BOM; it never builds the document.
 * Duplicate keys are all reported: nothing can hide in the copy that some other parser drops.
 */
import { Buffer, isUtf8 } from 'node:buffer'
import { escapeLength, numberEnd } from './json-scalars.ts'

/** Where a value stands; linked upwards, so that a path costs nothing until somebody asks for it. */
export interface JsonPlace {
  /** `null` for the document itself. */
  readonly parent: JsonPlace | null
  /** Member name or array index; `''` for the document itself. */
  readonly key: string | number
  /** What the visitor's `enter` returned for this container; leaves carry the mark of their container. */
  readonly mark: number
}

export interface JsonVisitor {
  /** A string value; `start` and `end` are the bytes between its quotes. */
  readonly string: (start: number, end: number, place: JsonPlace) => void
  /** A member name, between its quotes, and the object that it stands in. */
  readonly name?: (start: number, end: number, name: string, object: JsonPlace) => void
  /** An object or array begins under `key`; the answer is inherited by everything inside. `0` without it. */
  readonly enter?: (key: string | number, inherited: number) => number
}

export type JsonScan =
  | { readonly ok: true }
  | { readonly ok: false /** Byte at which reading stopped. */; readonly offset: number; readonly problem: string }

/**
 * Where a scan stood behind a value inside a document: what it takes to go on from there, in any bytes that are the same
 * up to the byte at `pos`, which is the first that a scan going on reads.
 */
export interface JsonStop {
  readonly pos: number
  /** Strings and member names until there. */
  readonly strings: number
  /** Containers that are open there, the outermost first, and under which key their last value stands. */
  readonly open: readonly { readonly isArray: boolean; readonly next: string | number }[]
}

export interface JsonPauses {
  /** Absent: from the beginning. */
  readonly from?: JsonStop
  /** `at` is told of the first value that ends at `first` or later, and says where it wants to be told again. */
  readonly first: number
  readonly at: (stop: JsonStop) => number
}

const NO_PAUSES: JsonPauses = { first: Infinity, at: () => Infinity }

/** Containers inside each other beyond which a document counts as unparsable; real requests stay below 40. */
export const JSON_MAX_DEPTH = 512

/** Strings and member names together beyond which a document counts as unparsable: 32 MiB of `"a",` must not fill the heap. */
export const JSON_MAX_STRINGS = 500_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** Visit the string leaves between `start` and `end` of `bytes`. What was visited before a fault stays visited. */
export function scanJson(bytes: Uint8Array, visitor: JsonVisitor, start = 0, end = bytes.length): JsonScan {
  if (!isUtf8(bytes.subarray(start, end))) return { ok: false, offset: start, problem: 'not UTF-8' }
  return new Scanner(bytes, visitor, textStart(bytes, start), end).run()
}

/**
 * The same for all of `bytes`, telling on the way from where a scan could go on, or going on from there. Who goes on knows
 * that what comes before is the beginning of a document; the visitor is told again of the containers that are open.
 */
export function scanJsonInPieces(bytes: Uint8Array, visitor: JsonVisitor, pauses: JsonPauses): JsonScan {
  // What ends with a whole value ends with a whole character: the rest is UTF-8 if all is.
  const start = pauses.from?.pos ?? 0
  if (!isUtf8(bytes.subarray(start))) return { ok: false, offset: start, problem: 'not UTF-8' }
  return new Scanner(bytes, visitor, start === 0 ? textStart(bytes, 0) : start, bytes.length).run(pauses)
}

/** Behind a byte order mark. */
const textStart = (bytes: Uint8Array, start: number): number =>
  bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start

/** The characters that a span between two quotes stands for. The span must come from `scanJson`. */
export function decodeJsonString(bytes: Uint8Array, start: number, end: number): string {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
  const text = raw.toString('utf8')
  return raw.includes(BACKSLASH) ? (JSON.parse(`"${text}"`) as string) : text
}

/** Keys and indexes from the root to a place. */
export function jsonPath(place: JsonPlace): (string | number)[] {
  const path: (string | number)[] = []
  for (let at = place; at.parent !== null; at = at.parent) path.push(at.key)
  return path.reverse()
}

class Container implements JsonPlace {
  readonly parent: Container | null
  readonly key: string | number
  readonly mark: number
  readonly isArray: boolean
  /** Key under which the next value stands. */
  next: string | number

  constructor(parent: Container | null, key: string | number, mark: number, isArray: boolean) {
    this.parent = parent
    this.key = key
    this.mark = mark
    this.isArray = isArray
    this.next = isArray ? 0 : ''
  }
}

/** Member names repeat all the time: one string per distinct name, found again by its bytes. */
const NAME_SLOTS = 128

class Scanner {
  private readonly bytes: Uint8Array
  private readonly visitor: JsonVisitor
  private readonly end: number
  private pos: number
  private container: Container | null = null
  private depth = 0
  private problem = ''
  private strings = 0
  private pauseAt = Infinity
  private slotStart: Int32Array | null = null
  private readonly slotName: string[] = []

  constructor(bytes: Uint8Array, visitor: JsonVisitor, start: number, end: number) {
    this.bytes = bytes
    this.visitor = visitor
    this.pos = start
    this.end = end
  }

  run(pauses: JsonPauses = NO_PAUSES): JsonScan {
    let isBehindValue = this.goOn(pauses.from)
    this.pauseAt = pauses.first
    this.skipSpace()
    while (isBehindValue || this.value()) {
      isBehindValue = false
      if (this.pos >= this.pauseAt) this.pauseAt = pauses.at(this.stop())
      if (!this.afterValue()) break
      if (this.container === null) return { ok: true }
    }
    return { ok: false, offset: this.pos, problem: this.problem === '' ? 'not JSON' : this.problem }
  }

  private stop(): JsonStop {
    const open: Container[] = []
    for (let at = this.container; at !== null; at = at.parent) open.push(at)
    const { pos, strings } = this
    return { pos, strings, open: open.reverse().map(({ isArray, next }) => ({ isArray, next })) }
  }

  /** Open again what was open there. `false`: it is to begin at the beginning. */
  private goOn(from: JsonStop | undefined): boolean {
    for (const { isArray, next } of from?.open ?? []) {
      this.enter(isArray)
      if (this.container !== null) this.container.next = next
    }
    this.strings = from?.strings ?? 0
    return from !== undefined
  }

  /** Read one scalar, or open a container that has something in it. `false`: fault. */
  private value(): boolean {
    for (;;) {
      const byte = this.at()
      if (byte === QUOTE) return this.stringValue()
      if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) return this.scalar(byte)
      if (!this.open(byte === OPEN_ARRAY)) return false
      if (this.at() === (byte === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT)) {
        this.close()
        return true
      }
      if (byte === OPEN_OBJECT && !this.memberName()) return false
    }
  }

  /** Close what ends here and stand before the next value, or at the end of the document. `false`: fault. */
  private afterValue(): boolean {
    for (;;) {
      this.skipSpace()
      const container = this.container
      if (container === null) return this.pos === this.end || this.fail('text after the document')
      const byte = this.at()
      if (byte === (container.isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
        this.close()
        continue
      }
      if (byte !== COMMA) return this.fail('expected a comma or the end of a container')
      this.pos += 1
      this.skipSpace()
      if (!container.isArray) return this.memberName()
      container.next = (container.next as number) + 1
      return true
    }
  }

  private open(isArray: boolean): boolean {
    if (this.depth >= JSON_MAX_DEPTH) return this.fail('nested too deep')
    this.enter(isArray)
    this.pos += 1
    this.skipSpace()
    return true
  }

  private enter(isArray: boolean): void {
    const parent = this.container
    const key = parent === null ? '' : parent.next
    const mark = this.visitor.enter?.(key, parent === null ? 0 : parent.mark) ?? 0
    this.container = new Container(parent, key, mark, isArray)
    this.depth += 1
  }

  private close(): void {
    if (this.container !== null) this.container.next = '' // whoever keeps a place keeps no name that stood beside it
    this.container = this.container?.parent ?? null
    this.depth -= 1
    this.pos += 1
  }

  private memberName(): boolean {
    const container = this.container
    if (this.at() !== QUOTE || container === null) return this.fail('expected a member name')
    const start = this.pos + 1
    const end = this.stringEnd(start)
    if (end < 0) return false
    const name = this.nameOf(start, end)
    container.next = name
    this.visitor.name?.(start, end, name, container)
    this.pos = end + 1
    this.skipSpace()
    if (this.at() !== COLON) return this.fail('expected a colon')
    this.pos += 1
    this.skipSpace()
    return true
  }

  private stringValue(): boolean {
    const start = this.pos + 1
    const end = this.stringEnd(start)
    if (end < 0) return false
    const container = this.container
    this.visitor.string(
      start,
      end,
      container === null
        ? { parent: null, key: '', mark: 0 }
        : { parent: container, key: container.next, mark: container.mark },
    )
    this.pos = end + 1
    return true
  }

  /** Index of the closing quote, or -1. The one loop that sees every byte of a prompt: keep it small. */
  private stringEnd(start: number): number {
    const { bytes, end } = this
    this.strings += 1
    if (this.strings > JSON_MAX_STRINGS) {
      this.fail('too many strings')
      return -1
    }
    let pos = start
    while (pos < end) {
      const byte = bytes[pos] as number
      if (byte === QUOTE) return pos
      if (byte === BACKSLASH) {
        const length = escapeLength(bytes, pos, end)
        if (length === 0) break
        pos += length
      } else if (byte < 0x20) break
      else pos += 1
    }
    this.pos = pos
    this.fail(pos >= end ? 'unterminated string' : 'invalid character in a string')
    return -1
  }

  private scalar(byte: number): boolean {
    const end =
      byte === 0x74
        ? this.literalEnd('true')
        : byte === 0x66
          ? this.literalEnd('false')
          : byte === 0x6e
            ? this.literalEnd('null')
            : numberEnd(this.bytes, this.pos, this.end)
    if (end < 0) return this.fail(byte < 0 ? 'truncated' : 'expected a value')
    this.pos = end
    return true
  }

  private literalEnd(word: string): number {
    if (this.pos + word.length > this.end) return -1
    for (let index = 0; index < word.length; index += 1) {
      if (this.bytes[this.pos + index] !== word.charCodeAt(index)) return -1
    }
    return this.pos + word.length
  }

  private nameOf(start: number, end: number): string {
    const { bytes } = this
    const slot = ((end - start) * 31 + (bytes[start] ?? 0) * 7 + (bytes[end - 1] ?? 0)) & (NAME_SLOTS - 1)
    // Made for the first name only: a body of JSON lines is many small documents.
    const starts = (this.slotStart ??= new Int32Array(NAME_SLOTS))
    const known = starts[slot] ?? 0
    if (known > 0 && isSameSpan(bytes, known, start, end)) return this.slotName[slot] ?? ''
    const name = decodeJsonString(bytes, start, end)
    starts[slot] = start
    this.slotName[slot] = name
    return name
  }

  /** The byte at the position, -1 at the end. */
  private at(): number {
    return this.pos < this.end ? (this.bytes[this.pos] as number) : -1
  }

  private skipSpace(): void {
    let pos = this.pos
    while (pos < this.end) {
      const byte = this.bytes[pos]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      pos += 1
    }
    this.pos = pos
  }

  private fail(problem: string): false {
    if (this.problem === '') this.problem = problem
    return false
  }
}

/** Is the span the same bytes, up to and with its closing quote, as the name that begins at `known`? */
function isSameSpan(bytes: Uint8Array, known: number, start: number, end: number): boolean {
  for (let index = 0; index <= end - start; index += 1) {
    if (bytes[known + index] !== bytes[start + index]) return false
  }
  return true
}
