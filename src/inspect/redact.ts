/** Puts placeholders where findings stand. Every byte outside the spans stays as it is; nothing is serialised anew. */
import { Buffer } from 'node:buffer'
import type { Finding, Severity } from '../domain/finding.ts'
import { allAtOnce, type StepwiseWork } from '../domain/work-turns.ts'
import { BareNumbers } from './bare-number.ts'
import { type PlaceholderConfig, placeholderFor } from './placeholder.ts'
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

const NOTHING: ReadonlyMap<string, KeptValue> = new Map()

interface Wanted {
  readonly findings: Iterable<Finding>
  readonly severities: readonly Severity[]
  /** Also where nothing may be edited. */
  readonly isAnywhere?: boolean
}

/** `body` with the editable findings of `severities` replaced. One value has one placeholder, whoever found it. */
export const redactBody = (body: Uint8Array, edit: Wanted, placeholders: PlaceholderConfig): Redaction =>
  allAtOnce(redacting(body, edit, placeholders))

/** Spans that are replaced without a stop: some 20 µs each. */
const SPANS_AT_ONCE = 16

/** The same in steps. */
export function* redacting(body: Uint8Array, edit: Wanted, placeholders: PlaceholderConfig): StepwiseWork<Redaction> {
  const { severities, isAnywhere = false } = edit
  const isWanted = (finding: Finding): boolean =>
    (finding.isEditable || isAnywhere) && severities.includes(finding.severity) && isSpanOf(body, finding)
  const { starts, ends, kinds } = yield* spansInOrder(edit.findings, isWanted)
  if (starts.length === 0) return { body, values: NOTHING }
  yield
  const edits: Edits = { starts: [], ends: [], texts: [] }
  const values = new Map<string, KeptValue>()
  const placeholderOf = remembering((value) => placeholderFor(placeholders, value))
  const numbers = new BareNumbers(body)
  let copied = 0
  for (const [index, kind] of kinds.entries()) {
    if (index % SPANS_AT_ONCE === SPANS_AT_ONCE - 1) yield
    const found = { start: starts[index] ?? 0, end: ends[index] ?? 0 }
    if (found.start < copied) continue // in a number that was replaced whole
    const number = kind.isJson === true && kind.escaping === 'json' ? numbers.at(found) : null
    const { start, end } = number ?? found
    const { value, isWhole } = valueOf(body, { start, end, ...kind })
    const placeholder = placeholderOf(value)
    const { detector, severity } = kind
    if (isWhole && !values.has(placeholder)) values.set(placeholder, { value, detector, severity })
    edits.starts.push(start)
    edits.ends.push(end)
    // In place of a number a string, or its text would be no JSON any more.
    edits.texts.push(number === null ? placeholder : `\\"${placeholder}\\"`)
    copied = end
  }
  yield
  return { body: yield* edited(body, edits), values }
}

type Span = Pick<Finding, 'start' | 'end' | 'escaping' | 'isJson'>

function valueOf(
  body: Uint8Array,
  { start, end, escaping = 'plain', isJson = false }: Span,
): ReturnType<typeof readValue> {
  return readValue(textView(body, { start, end, escaping }).text, isJson)
}

/** Hashes that are kept at hand: a value mostly comes again soon. */
const REMEMBERED = 4096

function remembering(make: (value: string) => string): (value: string) => string {
  const known = new Map<string, string>()
  return (value) => {
    const before = known.get(value)
    if (before !== undefined) return before
    const made = make(value)
    if (known.size === REMEMBERED) known.clear()
    known.set(value, made)
    return made
  }
}

/** From `starts` to `ends` stand `texts`, ASCII. */
interface Edits {
  readonly starts: number[]
  readonly ends: number[]
  readonly texts: string[]
}

/** Copied without a stop; an edit counts as so many bytes of it. */
const STRETCH_BYTES = 262_144
const EDIT_BYTES = 256

/** No list of pieces: tens of thousands of them are slow to collect. */
function* edited(body: Uint8Array, edits: Edits): StepwiseWork<Buffer> {
  const { starts, ends, texts } = edits
  const from = Buffer.from(body.buffer, body.byteOffset, body.length)
  const to = Buffer.allocUnsafeSlow(editedLength(body, edits))
  let copied = 0
  let filled = 0
  let stretch = 0
  for (let index = 0; index <= texts.length; index += 1) {
    const {
      start = body.length,
      end = body.length,
      text = '',
    } = { start: starts[index], end: ends[index], text: texts[index] }
    while (copied < start) {
      const until = Math.min(start, copied + STRETCH_BYTES)
      filled += from.copy(to, filled, copied, until)
      stretch += until - copied
      copied = until
      if (stretch < STRETCH_BYTES) continue
      stretch = 0
      yield
    }
    filled += to.write(text, filled, 'latin1')
    copied = end
    stretch += EDIT_BYTES
  }
  return to
}

function editedLength(body: Uint8Array, { starts, ends, texts }: Edits): number {
  let { length } = body
  for (const [index, text] of texts.entries()) length += text.length - ((ends[index] ?? 0) - (starts[index] ?? 0))
  return length
}

const isSpanOf = (body: Uint8Array, { start, end }: Finding): boolean => start >= 0 && start < end && end <= body.length
