/**
 * Many findings on their way from a thread, and for as long as they are needed: as objects they would be made anew in one
 * go, and the garbage collector would stop the event loop to copy them. Packed they are a few buffers that change hands; each
 * is made when it is asked for.
 */
import { Buffer } from 'node:buffer'
import type { Finding, Findings } from '../domain/finding.ts'

export interface PackedFindings {
  /** Five each: start, end, number of the kind, and from where to where the name of the field stands in `names`. */
  readonly numbers: Int32Array<ArrayBuffer>
  /** Names of fields behind each other, UTF-16; one that is the same as the one before stands there once. */
  readonly names: Uint8Array<ArrayBuffer>
  /** What is alike in many: detector, severity, and how the place is written. */
  readonly kinds: readonly Kind[]
}

type Kind = Pick<Finding, 'detector' | 'severity' | 'isEditable' | 'escaping' | 'isJson'>

const WIDTH = 5

export function packFindings(findings: readonly Finding[]): PackedFindings {
  const numbers = new Int32Array(findings.length * WIDTH)
  const kinds: Kind[] = []
  const kindNumbers = new Map<string, number>()
  const names: string[] = []
  let nameStart = 0
  let nameEnd = 0
  let lastField = ''
  let at = 0
  let lastKind: Kind | null = null
  let number = 0
  for (const { start, end, field, ...kind } of findings) {
    if (lastKind === null || !isSameKind(kind, lastKind)) {
      const key = JSON.stringify(kind)
      number = kindNumbers.get(key) ?? kinds.push(kind) - 1
      kindNumbers.set(key, number)
      lastKind = kind
    }
    if (field !== lastField) {
      names.push(field)
      nameStart = nameEnd
      nameEnd += field.length
      lastField = field
    }
    numbers[at] = start
    numbers[at + 1] = end
    numbers[at + 2] = number
    numbers[at + 3] = nameStart
    numbers[at + 4] = nameEnd
    at += WIDTH
  }
  return { numbers, names: new Uint8Array(Buffer.from(names.join(''), 'utf16le')), kinds }
}

/** What has to be handed over and not copied. */
export const buffersOf = ({ numbers, names }: PackedFindings): ArrayBuffer[] => [numbers.buffer, names.buffer]

const isSameKind = (a: Kind, b: Kind): boolean =>
  a.detector === b.detector &&
  a.severity === b.severity &&
  a.isEditable === b.isEditable &&
  a.escaping === b.escaping &&
  a.isJson === b.isJson

/** The findings again, one by one. */
export const unpackFindings = (packed: PackedFindings): Findings => new Unpacked(packed)

class Unpacked implements Findings {
  readonly length: number
  readonly #packed: PackedFindings

  constructor(packed: PackedFindings) {
    this.#packed = packed
    this.length = packed.numbers.length / WIDTH
  }

  *[Symbol.iterator](): Generator<Finding> {
    const { numbers, names, kinds } = this.#packed
    const text = Buffer.from(names.buffer, names.byteOffset, names.length)
    let field = ''
    let [lastStart, lastEnd] = [0, 0]
    for (let at = 0; at < numbers.length; at += WIDTH) {
      const [nameStart = 0, nameEnd = 0] = [numbers[at + 3], numbers[at + 4]]
      if (nameStart !== lastStart || nameEnd !== lastEnd) field = text.toString('utf16le', nameStart * 2, nameEnd * 2)
      lastStart = nameStart
      lastEnd = nameEnd
      const kind = kinds[numbers[at + 2] ?? 0]
      if (kind !== undefined) yield { ...kind, field, start: numbers[at] ?? 0, end: numbers[at + 1] ?? 0 }
    }
  }
}
