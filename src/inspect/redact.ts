/** Puts placeholders where findings stand. Every byte outside the spans stays as it is; nothing is serialised anew. */
import { Buffer } from 'node:buffer'
import type { Finding, Severity } from '../domain/finding.ts'
import { allAtOnce, type StepwiseWork } from '../domain/work-turns.ts'
import { BareNumbers } from './bare-number.ts'
import { PLACEHOLDER_LETTERS, type PlaceholderConfig, placeholderFor } from './placeholder.ts'
import { readValue } from './read-value.ts'
import { spansInOrder } from './spans-in-order.ts'
import { textView } from './text-view.ts'
import type { KeptValue } from './vault.ts'

export interface Redaction {
  /** The same array when there was nothing to replace. */
  readonly body: Uint8Array
  /** What each placeholder that was put in stands for. */
  readonly values: ReadonlyMap<string, KeptValue>
}

interface Wanted {
  readonly findings: Iterable<Finding>
  readonly severities: readonly Severity[]
  /** Also where nothing may be edited. */
  readonly isAnywhere?: boolean
}

/** Takes what a placeholder stands for; of one value it may be told more than once. */
export type TakeValue = (placeholder: string, kept: KeptValue) => void

/** `body` with the editable findings of `severities` replaced. One value has one placeholder, whoever found it. */
export function redactBody(body: Uint8Array, edit: Wanted, placeholders: PlaceholderConfig): Redaction {
  const values = new Map<string, KeptValue>()
  const take: TakeValue = (placeholder, kept) => {
    if (!values.has(placeholder)) values.set(placeholder, kept)
  }
  return { body: allAtOnce(redacting(body, edit, { placeholders, take })), values }
}

/** Spans that are replaced without a stop: some 10 µs each. */
const SPANS_AT_ONCE = 16

/** The same in steps: the body, itself when there is nothing to replace. Values are told and not kept here. */
export function* redacting(
  body: Uint8Array,
  edit: Wanted,
  { placeholders, take }: { readonly placeholders: PlaceholderConfig; readonly take: TakeValue },
): StepwiseWork<Uint8Array> {
  const { severities, isAnywhere = false } = edit
  const isWanted = (finding: Finding): boolean =>
    (finding.isEditable || isAnywhere) && severities.includes(finding.severity) && isSpanOf(body, finding)
  const { starts, ends, kinds } = yield* spansInOrder(edit.findings, isWanted)
  if (starts.length === 0) return body
  yield
  const edits = editsOf(starts.length, placeholders)
  const knownValue = remembering((value) => placeholderFor(placeholders, value))
  const numbers = new BareNumbers(body)
  let copied = 0
  for (const [index, kind] of kinds.entries()) {
    if (index % SPANS_AT_ONCE === SPANS_AT_ONCE - 1) yield
    const found = { start: starts[index] ?? 0, end: ends[index] ?? 0 }
    if (found.start < copied) continue // in a number that was replaced whole
    const number = kind.isJson === true && kind.escaping === 'json' ? numbers.at(found) : null
    const { start, end } = number ?? found
    const { value, isWhole } = valueOf(body, { start, end, ...kind })
    const known = knownValue(value)
    if (isWhole && !known.isTaken) take(known.placeholder, { value, detector: kind.detector, severity: kind.severity })
    known.isTaken ||= isWhole
    addEdit(edits, { start, end, text: known.placeholder, isNumber: number !== null })
    copied = end
  }
  yield
  return yield* edited(body, edits)
}

type Span = Pick<Finding, 'start' | 'end' | 'escaping' | 'isJson'>

function valueOf(
  body: Uint8Array,
  { start, end, escaping = 'plain', isJson = false }: Span,
): ReturnType<typeof readValue> {
  return readValue(textView(body, { start, end, escaping }).text, isJson)
}

/** Values whose hashes are kept at hand: a value mostly comes again soon. */
const REMEMBERED = 4096

interface Remembered {
  readonly placeholder: string
  isTaken: boolean
}

function remembering(make: (value: string) => string): (value: string) => Remembered {
  const known = new Map<string, Remembered>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const made = { placeholder: make(value), isTaken: false }
    if (known.size === REMEMBERED) known.clear()
    known.set(value, made)
    return made
  }
}

/** What is put in place of what, by place; columns, and no strings that live as long as the edit. */
interface Edits {
  readonly starts: number[]
  readonly ends: number[]
  /** Placeholders behind each other, all of one length. */
  readonly texts: Buffer
  readonly textLength: number
  /** In place of a number a string, or its text would be no JSON any more. */
  readonly isNumber: Uint8Array
}

function editsOf(count: number, { prefix }: PlaceholderConfig): Edits {
  const textLength = prefix.length + PLACEHOLDER_LETTERS
  const texts = Buffer.allocUnsafeSlow(count * textLength)
  return { starts: [], ends: [], texts, textLength, isNumber: new Uint8Array(count) }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly isNumber: boolean
}

function addEdit({ starts, ends, texts, textLength, isNumber }: Edits, edit: Edit): void {
  const index = starts.length
  texts.write(edit.text, index * textLength, 'latin1')
  isNumber[index] = edit.isNumber ? 1 : 0
  starts.push(edit.start)
  ends.push(edit.end)
}

/** Copied without a stop; an edit counts as so many bytes of it. */
const STRETCH_BYTES = 262_144
const EDIT_BYTES = 256

const NUMBER_QUOTE = '\\"'

/** No list of pieces: tens of thousands of them are slow to collect. */
function* edited(body: Uint8Array, edits: Edits): StepwiseWork<Buffer> {
  const { starts, ends, texts, textLength, isNumber } = edits
  const from = Buffer.from(body.buffer, body.byteOffset, body.length)
  const to = Buffer.allocUnsafeSlow(editedLength(body, edits))
  let copied = 0
  let filled = 0
  let stretch = 0
  for (let index = 0; index <= starts.length; index += 1) {
    const start = starts[index] ?? body.length
    while (copied < start) {
      const until = Math.min(start, copied + STRETCH_BYTES)
      filled += from.copy(to, filled, copied, until)
      stretch += until - copied
      copied = until
      if (stretch < STRETCH_BYTES) continue
      stretch = 0
      yield
    }
    if (index === starts.length) break
    if (isNumber[index] === 1) filled += to.write(NUMBER_QUOTE, filled, 'latin1')
    filled += texts.copy(to, filled, index * textLength, (index + 1) * textLength)
    if (isNumber[index] === 1) filled += to.write(NUMBER_QUOTE, filled, 'latin1')
    copied = ends[index] ?? start
    stretch += EDIT_BYTES
  }
  return to
}

function editedLength(body: Uint8Array, { starts, ends, textLength, isNumber }: Edits): number {
  let { length } = body
  for (let index = 0; index < starts.length; index += 1) {
    const written = textLength + (isNumber[index] === 1 ? 2 * NUMBER_QUOTE.length : 0)
    length += written - ((ends[index] ?? 0) - (starts[index] ?? 0))
  }
  return length
}

const isSpanOf = (body: Uint8Array, { start, end }: Finding): boolean => start >= 0 && start < end && end <= body.length
