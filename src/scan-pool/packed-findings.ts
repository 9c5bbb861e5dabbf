/**
 * Many findings on their way from a thread: as objects they would be made anew in one go, and hold the event loop for some
 * microseconds each. Packed they are a few buffers that change hands, and are unpacked in steps.
 */
import { Buffer } from 'node:buffer'
import type { Finding } from '../domain/finding.ts'
import type { StepwiseWork } from '../domain/work-turns.ts'

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
/** Unpacked without a stop. */
const AT_ONCE = 256

export function packFindings(findings: readonly Finding[]): PackedFindings {
  const numbers = new Int32Array(findings.length * WIDTH)
  const kinds: Kind[] = []
  const kindNumbers = new Map<string, number>()
  const names: string[] = []
  let nameStart = 0
  let nameEnd = 0
  let lastField = ''
  for (const [index, { start, end, field, ...kind }] of findings.entries()) {
    const key = JSON.stringify(kind)
    const number = kindNumbers.get(key) ?? kinds.push(kind) - 1
    kindNumbers.set(key, number)
    if (field !== lastField) {
      names.push(field)
      nameStart = nameEnd
      nameEnd += field.length
      lastField = field
    }
    numbers.set([start, end, number, nameStart, nameEnd], index * WIDTH)
  }
  return { numbers, names: new Uint8Array(Buffer.from(names.join(''), 'utf16le')), kinds }
}

/** What has to be handed over and not copied. */
export const buffersOf = ({ numbers, names }: PackedFindings): ArrayBuffer[] => [numbers.buffer, names.buffer]

export function* unpackingFindings({ numbers, names, kinds }: PackedFindings): StepwiseWork<Finding[]> {
  const text = Buffer.from(names.buffer, names.byteOffset, names.length)
  const findings: Finding[] = []
  let field = ''
  let [lastStart, lastEnd] = [0, 0]
  for (let at = 0; at < numbers.length; at += WIDTH) {
    const [start = 0, end = 0, number = 0, nameStart = 0, nameEnd = 0] = numbers.subarray(at, at + WIDTH)
    if (nameStart !== lastStart || nameEnd !== lastEnd) field = text.toString('utf16le', nameStart * 2, nameEnd * 2)
    lastStart = nameStart
    lastEnd = nameEnd
    const kind = kinds[number]
    if (kind !== undefined) findings.push({ ...kind, field, start, end })
    if (findings.length % AT_ONCE === 0) yield
  }
  return findings
}
