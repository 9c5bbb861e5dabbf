/**
 * Reads the text parts of a body, as far as they were not read before: what was found in the same bytes under the same
 * rules is remembered, part by part, and for many parts in a row at once.
 */
import { Buffer } from 'node:buffer'
import type { TextPart } from '../dialects/dialect.ts'
import { mediaText } from './media-text.ts'
import type { Memo } from './memo.ts'
import { type Mark, resolveOverlaps } from './overlap.ts'
import { inGroups, type PartGroup } from './part-groups.ts'
import { type Finder, type Hit, hitsIn, type Scan } from './text-hits.ts'
import { type TextView, textView } from './text-view.ts'

/** A marked place of a part, in bytes from the part's start. */
export interface Place extends Mark {
  readonly detector: Finder
  /** Read out of base64: it cannot be edited. */
  readonly isPacked?: true
}

/** As it is remembered: `part` counts from the first part of the block. */
export interface BlockPlace extends Place {
  readonly part: number
}

/** Places of the parts that have any, by the part's number, in the order of the parts. */
export type Found = ReadonlyMap<number, readonly Place[]>

export interface State {
  hasFault: boolean
  isCutShort: boolean
}

export interface PartsLook {
  /** Told into `state` where it fails or ends early. */
  readonly scan: (state: State) => Scan
  readonly isLeftAlone: (text: string) => boolean
  /** How deep JSON inside a JSON string is looked into; 0: not. */
  readonly depth: number
  readonly isOver: () => boolean
  /** Absent: everything is read. `rules` names all that the result depends on beside the bytes and how they are written. */
  readonly memory?: { readonly memo: Memo<BlockPlace>; readonly rules: string }
}

export interface PartsReader {
  readonly read: (look: PartsLook, state: State) => Found
}

export function partsReader(body: Uint8Array, parts: readonly TextPart[]): PartsReader {
  const names = new Map<object, string | null>()
  let groups: readonly PartGroup[] | null = null
  const once: Once = (what, make) => {
    const known = names.get(what)
    if (known !== undefined) return known
    const name = make()
    names.set(what, name)
    return name
  }
  return {
    read: (look, state) => {
      const found = new Map<number, Place[]>()
      groups ??= inGroups(body, parts)
      for (const group of groups) {
        if (state.isCutShort) break
        const places = readGroup(body, group, { look, state, once })
        for (const place of places) {
          const index = group.first + place.part
          const others = found.get(index)
          if (others === undefined) found.set(index, [place])
          else others.push(place)
        }
      }
      return found
    },
  }
}

/** A name is made once, for all who look. */
type Once = (what: object, make: () => string | null) => string | null

interface GroupLook {
  readonly look: PartsLook
  readonly state: State
  readonly once: Once
}

function readGroup(body: Uint8Array, group: PartGroup, { look, state, once }: GroupLook): readonly BlockPlace[] {
  const { memory } = look
  const each = (own: State): BlockPlace[] =>
    group.parts.flatMap((_, at) => readPart(body, group, at, { look, state: own, once }))
  if (memory === undefined || group.whole === null) return each(state)
  const { memo, rules } = memory
  const { block, layout } = group.whole
  const name = once(group, () => `${memo.digest(block)} ${memo.digest(layout)}`)
  return name === null ? each(state) : remembered(state, each, (read) => memo.places(name, rules, read))
}

function readPart(body: Uint8Array, group: PartGroup, at: number, given: GroupLook): readonly BlockPlace[] {
  const { look, state, once } = given
  const part = group.parts[at]
  if (part === undefined) return []
  if (state.isCutShort || look.isOver()) {
    state.isCutShort = true
    return []
  }
  const { memory } = look
  const name = memory === undefined ? null : once(part, () => memory.memo.nameOf(body.subarray(part.start, part.end)))
  const read = (own: State): BlockPlace[] => placesIn(body, part, look, own)
  const places = remembered(state, read, (readNow) =>
    memory === undefined || name === null
      ? readNow()
      : memory.memo.places(name, `${memory.rules} ${part.escaping}${part.isMedia === true ? ' media' : ''}`, readNow),
  )
  return at === 0 ? places : places.map((place) => ({ ...place, part: at }))
}

type Read = () => readonly BlockPlace[] | null

/** What fails in one block keeps only that block from being remembered. */
function remembered(
  state: State,
  read: (own: State) => readonly BlockPlace[],
  keep: (read: Read) => readonly BlockPlace[] | null,
): readonly BlockPlace[] {
  const own: State = { hasFault: false, isCutShort: false }
  let partial: readonly BlockPlace[] = []
  const places = keep(() => {
    partial = read(own)
    return isWhole(own) ? partial : null
  })
  state.hasFault ||= own.hasFault
  state.isCutShort ||= own.isCutShort
  return places ?? partial
}

const isWhole = ({ hasFault, isCutShort }: State): boolean => !hasFault && !isCutShort

function placesIn(body: Uint8Array, part: TextPart, look: PartsLook, state: State): BlockPlace[] {
  if (part.isMedia === true) return placesInMedia(body, part, look.scan(state))
  const view = textView(body, part)
  const { isLeftAlone, depth } = look
  const hits = hitsIn(view.text, depth, { scan: look.scan(state), isLeftAlone, isCutShort: () => state.isCutShort })
  return hits.map((hit) => placeOf(hit, part, view))
}

/** All of it is the place: what was read stands nowhere in it as it was read. */
function placesInMedia(body: Uint8Array, part: TextPart, scan: Scan): BlockPlace[] {
  const whole = { start: 0, end: part.end - part.start, part: 0, isPacked: true } as const
  const bytes = Buffer.from(body.buffer, body.byteOffset + part.start, whole.end)
  const hits = scan(mediaText(part.escaping === 'json' ? decodedMedia(bytes) : bytes))
  return resolveOverlaps(
    hits.map(({ severity, order, detector: { id } }) => ({ ...whole, severity, order, detector: { id } })),
  )
}

/** Of base64, perhaps behind `data:…,`; what is no base64 in it (`\\/`) is passed over. */
function decodedMedia(base64: Buffer): Buffer {
  const comma = base64.subarray(0, LONGEST_DATA_URL_HEAD).indexOf(',')
  return Buffer.from(base64.toString('latin1', comma + 1), 'base64')
}

const LONGEST_DATA_URL_HEAD = 128

function placeOf({ start, end, severity, order, detector, isPacked }: Hit, part: TextPart, view: TextView): BlockPlace {
  const [from, to] = wholeCharacters(view.text, start, end)
  const { id, isOnDigits } = detector
  return {
    start: view.byteAt(from) - part.start,
    end: view.byteAt(to) - part.start,
    severity,
    order,
    // No more of the detector: what is remembered must not hold old rules.
    detector: isOnDigits === undefined ? { id } : { id, isOnDigits },
    ...(isPacked === true ? { isPacked } : {}),
    part: 0,
  }
}

/** A place never splits a surrogate pair. */
function wholeCharacters(text: string, start: number, end: number): [start: number, end: number] {
  const isLow = (index: number): boolean => (text.charCodeAt(index) & 0xfc00) === 0xdc00
  return [isLow(start) ? start - 1 : start, isLow(end) ? end + 1 : end]
}
