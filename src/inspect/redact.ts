/** Puts placeholders where findings stand. Every byte outside the spans stays as it is; nothing is serialised anew. */
import { Buffer } from 'node:buffer'
import type { Finding, Severity } from '../domain/finding.ts'
import { allAtOnce, type StepwiseWork } from '../domain/work-turns.ts'
import { BareNumbers } from './bare-number.ts'
import { type PlaceholderConfig, placeholderFor } from './placeholder.ts'
import { readValue } from './read-value.ts'
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
  readonly findings: readonly Finding[]
  readonly severities: readonly Severity[]
}

/** `body` with the editable findings of `severities` replaced. One value has one placeholder, whoever found it. */
export const redactBody = (body: Uint8Array, edit: Wanted, placeholders: PlaceholderConfig): Redaction =>
  allAtOnce(redacting(body, edit, placeholders))

/** Findings that are put in order without a stop. */
const MERGED_AT_ONCE = 2000

/** Spans that are replaced without a stop: some 20 µs each. */
const SPANS_AT_ONCE = 16

/** The same in steps. */
export function* redacting(body: Uint8Array, edit: Wanted, placeholders: PlaceholderConfig): StepwiseWork<Redaction> {
  const spans = yield* wantedSpans(body, edit)
  if (spans.length === 0) return { body, values: NOTHING }
  yield
  const edits: Edit[] = []
  const values = new Map<string, KeptValue>()
  const byValue = new Map<string, string>()
  const numbers = new BareNumbers(body)
  let copied = 0
  for (const [index, found] of spans.entries()) {
    if (index % SPANS_AT_ONCE === SPANS_AT_ONCE - 1) yield
    if (found.start < copied) continue // in a number that was replaced whole
    const number = found.isJson === true && found.escaping === 'json' ? numbers.at(found) : null
    const span = number === null ? found : { ...found, ...number }
    const { value, isWhole } = valueOf(body, span)
    const placeholder = byValue.get(value) ?? placeholderFor(placeholders, value)
    byValue.set(value, placeholder)
    const { detector, severity } = span
    if (isWhole && !values.has(placeholder)) values.set(placeholder, { value, detector, severity })
    // In place of a number a string, or its text would be no JSON any more.
    const written = number === null ? placeholder : `\\"${placeholder}\\"`
    edits.push({ start: span.start, end: span.end, text: written })
    copied = span.end
  }
  yield
  return { body: yield* edited(body, edits), values }
}

interface Edit {
  readonly start: number
  readonly end: number
  /** In its place, ASCII. */
  readonly text: string
}

/** Copied without a stop; an edit counts as so many bytes of it. */
const STRETCH_BYTES = 262_144
const EDIT_BYTES = 256

/** No list of pieces: tens of thousands of them are slow to collect. */
function* edited(body: Uint8Array, edits: readonly Edit[]): StepwiseWork<Buffer> {
  const from = Buffer.from(body.buffer, body.byteOffset, body.length)
  const to = Buffer.allocUnsafeSlow(editedLength(body, edits))
  let copied = 0
  let filled = 0
  let stretch = 0
  for (let index = 0; index <= edits.length; index += 1) {
    const { start, end, text } = edits[index] ?? { start: body.length, end: body.length, text: '' }
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

function editedLength(body: Uint8Array, edits: readonly Edit[]): number {
  let { length } = body
  for (const { start, end, text } of edits) length += text.length - (end - start)
  return length
}

/** Disjoint, by place: spans that overlap become one, named by the first. */
function* wantedSpans(body: Uint8Array, edit: Wanted): StepwiseWork<Finding[]> {
  const wanted = edit.findings.filter(
    (finding) => finding.isEditable && edit.severities.includes(finding.severity) && isSpanOf(body, finding),
  )
  yield
  // Mostly sorted already.
  wanted.sort((a, b) => a.start - b.start || b.end - a.end)
  yield
  const spans: Finding[] = []
  for (const finding of wanted) {
    const last = spans.at(-1)
    if (last === undefined || finding.start >= last.end) spans.push(finding)
    else if (finding.end > last.end) spans[spans.length - 1] = { ...last, end: finding.end }
    if (spans.length % MERGED_AT_ONCE === 0) yield
  }
  return spans
}

function valueOf(
  body: Uint8Array,
  { start, end, escaping = 'plain', isJson = false }: Finding,
): ReturnType<typeof readValue> {
  return readValue(textView(body, { start, end, escaping }).text, isJson)
}

const isSpanOf = (body: Uint8Array, { start, end }: Finding): boolean => start >= 0 && start < end && end <= body.length
