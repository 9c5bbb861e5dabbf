/** Runs the detectors over the text parts of a body; hits become findings with spans in the body's bytes. */

import { Buffer } from 'node:buffer'
import type { TextPart } from '../dialects/dialect.ts'
import type { Finding } from '../domain/finding.ts'
import type { Deadline, DetectorSet } from './engine.ts'
import { type KnownValues, knownValues } from './known-values.ts'
import type { Memo } from './memo.ts'
import { resolveOverlaps } from './overlap.ts'
import {
  type BlockPlace,
  type Found,
  type PartsLook,
  type PartsReader,
  type Place,
  partsReader,
  type State,
} from './part-places.ts'
import { isPlaceholder } from './placeholder.ts'
import { readValue } from './read-value.ts'
import { textView } from './text-view.ts'
import type { KeptValue } from './vault.ts'

export interface InspectBodyOptions {
  readonly detectors: DetectorSet
  readonly placeholders: { readonly prefix: string }
  /** How deep JSON inside a JSON string is looked into; 0: not. */
  readonly depth: number
  readonly isOver: Deadline
  /**
   * An edit may follow: then these values, and those that are found in the body, are found wherever else they stand.
   * Absent: only places that a detector marks.
   */
  readonly known?: KnownValues
  /** Absent: everything is read. */
  readonly memo?: Memo<BlockPlace>
}

export interface BodyFindings {
  /** Disjoint within a part, in the order of the parts. */
  readonly findings: readonly Finding[]
  readonly hasFault: boolean
  readonly isCutShort: boolean
}

/** Looks into every part. Time running out or a failing detector ends nothing: what was found is told. */
export function inspectBody(body: Uint8Array, parts: readonly TextPart[], options: InspectBodyOptions): BodyFindings {
  const state: State = { hasFault: false, isCutShort: false }
  const { detectors, known, memo } = options
  const reader = partsReader(body, parts)
  const found = reader.read(lookFor(options, detecting(options), memo?.idOf(detectors)), state)
  const all = known === undefined ? found : withKnown(found, { body, parts, options, known, reader }, state)
  return { findings: findingsOf(all, parts), ...state }
}

interface Reading {
  readonly body: Uint8Array
  readonly parts: readonly TextPart[]
  readonly options: InspectBodyOptions
  readonly known: KnownValues
  readonly reader: PartsReader
}

/** Also where values stand that are known, or were found. With no time left for that it is not begun. */
function withKnown(found: Found, { body, parts, options, known, reader }: Reading, state: State): Found {
  const { memo, isOver } = options
  const values = state.isCutShort ? [] : freshValues(body, parts, { found, known, isOver })
  state.isCutShort ||= isOver()
  if (state.isCutShort) return found
  const fresh = knownValues(values)
  // Where values are not kept they are fresh in every turn: a hash names them.
  const name = fresh.size === 0 ? undefined : memo?.digest(Buffer.from(JSON.stringify(values)))
  const looks = [
    ...(known.size === 0 ? [] : [lookFor(options, knowing(known, options), memo?.idOf(known))]),
    ...(fresh.size === 0 ? [] : [lookFor(options, knowing(fresh, options), name)]),
  ]
  const all = looks.map((look) => reader.read(look, state)).reduce(joined, found)
  // What is looked for among known values stops by itself.
  state.isCutShort ||= isOver()
  return all
}

/** `rules`: a name of what `scan` goes by, where it has one. */
function lookFor(options: InspectBodyOptions, scan: PartsLook['scan'], rules: string | undefined): PartsLook {
  const { depth, isOver, memo, placeholders } = options
  const { prefix } = placeholders
  return {
    scan,
    depth,
    isOver,
    isLeftAlone: (text) => isPlaceholder(prefix, text),
    ...(memo === undefined || rules === undefined ? {} : { memory: { memo, rules: `${rules} ${depth} ${prefix}` } }),
  }
}

const detecting =
  ({ detectors, isOver }: InspectBodyOptions): PartsLook['scan'] =>
  (state) =>
  (text) => {
    const { matches, hasFault, isCutShort } = detectors.scan(text, isOver)
    state.hasFault ||= hasFault
    state.isCutShort ||= isCutShort
    return matches
  }

const knowing =
  ({ find }: KnownValues, { isOver }: InspectBodyOptions): PartsLook['scan'] =>
  (state) =>
  (text) => {
    const places = find(text, isOver).map(({ start, end, kept }) => ({
      start,
      end,
      severity: kept.severity,
      // A detector's own mark comes first where both are alike.
      order: Number.MAX_SAFE_INTEGER,
      detector: { id: kept.detector },
    }))
    state.isCutShort ||= isOver()
    return resolveOverlaps(places)
  }

interface Marked {
  readonly found: Found
  readonly known: KnownValues
  readonly isOver: Deadline
}

/** Values that are read between two looks at the clock. */
const READ_AT_ONCE = 64

/** The values that detectors marked and nobody knew before, as far as there is time. */
function freshValues(body: Uint8Array, parts: readonly TextPart[], { found, known, isOver }: Marked): KeptValue[] {
  const values: KeptValue[] = []
  let read = 0
  for (const [index, places] of found) {
    const part = parts[index]
    for (const { start, end, detector, severity, isPacked } of part === undefined ? [] : places) {
      if (part === undefined || isPacked === true) continue // the run is not the value
      if ((read += 1) % READ_AT_ONCE === 0 && isOver()) return values
      const { text } = textView(body, { start: part.start + start, end: part.start + end, escaping: part.escaping })
      const { value } = readValue(text, part.isJson === true)
      if (!known.has(value)) values.push({ value, detector: detector.id, severity })
    }
  }
  return values
}

function joined(found: Found, more: Found): Found {
  if (more.size === 0) return found
  const all = new Map(found)
  for (const [index, places] of more) all.set(index, resolveOverlaps([...(found.get(index) ?? []), ...places]))
  return new Map([...all].sort(([a], [b]) => a - b))
}

function findingsOf(found: Found, parts: readonly TextPart[]): Finding[] {
  return [...found].flatMap(([index, places]) => {
    const part = parts[index]
    if (part === undefined) return []
    return places.flatMap((place) =>
      part.isName === true && place.detector.isOnDigits === true ? [] : [findingOf(place, part)],
    )
  })
}

function findingOf({ start, end, severity, detector, isPacked }: Place, part: TextPart): Finding {
  return {
    detector: detector.id,
    severity,
    field: part.field,
    start: part.start + start,
    end: part.start + end,
    isEditable: part.isEditable && isPacked !== true,
    escaping: part.escaping,
    ...(part.isJson === true ? { isJson: true } : {}),
  }
}
