/**
 * Finds values that were redacted before, wherever they stand now. What a detector knew by the words beside it comes back
 * bare: in the answer of a model, in a file that a tool wrote, in a summary. It must become the same placeholder again.
 */
import type { KeptValue } from './vault.ts'

/** Shorter values are too likely to be a part of something else, longer ones are known by themselves. */
const MIN_LENGTH = 6
const MAX_LENGTH = 1024
/** From this length on an occurrence inside a longer word is the value all the same. */
const CERTAIN_LENGTH = 20
/** So many are looked for one by one; more of them through an index. */
const FEW = 16
/** Units between two looks at the clock. */
const STRETCH = 65_536

export interface KnownPlace {
  readonly start: number
  readonly end: number
  readonly kept: KeptValue
}

type Find = (text: string, isOver: () => boolean) => readonly KnownPlace[]

export interface KnownValues {
  /** Their places in a text; they may overlap. Stops when `isOver`; whoever asks looks at the clock as well. */
  readonly find: Find
  readonly has: (value: string) => boolean
  readonly size: number
}

export const NO_KNOWN_VALUES: KnownValues = { find: () => [], has: () => false, size: 0 }

export function knownValues(all: Iterable<KeptValue>): KnownValues {
  const byValue = new Map<string, KeptValue>()
  for (const kept of all) {
    const { length } = kept.value
    if (length >= MIN_LENGTH && length <= MAX_LENGTH && !byValue.has(kept.value)) byValue.set(kept.value, kept)
  }
  const values = [...byValue.values()]
  if (values.length === 0) return NO_KNOWN_VALUES
  const find: Find = values.length <= FEW ? (text, isOver) => oneByOne(values, text, isOver) : throughIndex(values)
  return { find, has: (value) => byValue.has(value), size: values.length }
}

function oneByOne(values: readonly KeptValue[], text: string, isOver: () => boolean): KnownPlace[] {
  const places: KnownPlace[] = []
  for (let from = 0; from < text.length && !isOver(); from += STRETCH) {
    for (const kept of values) {
      const { value } = kept
      const stretch = text.length <= STRETCH ? text : text.slice(from, from + STRETCH + value.length - 1)
      for (let at = stretch.indexOf(value); at >= 0; at = stretch.indexOf(value, at + value.length)) {
        const start = from + at
        if (isWhole(text, start, value)) places.push({ start, end: start + value.length, kept })
      }
    }
  }
  return places
}

/** Of the table of beginnings, as powers of two: so many slots for each value that few others look alike. */
const MIN_BITS = 12
const MAX_BITS = 18
const SLOT_BITS_PER_VALUE = 6

const slotBits = (values: number): number =>
  Math.max(MIN_BITS, Math.min(MAX_BITS, 32 - Math.clz32(values) + SLOT_BITS_PER_VALUE))

/** Values that begin alike, by length. */
type Alike = Map<number, Map<string, KeptValue>>

/** By their first units: one look into a table per place of the text. */
function throughIndex(values: readonly KeptValue[]): Find {
  const bits = slotBits(values.length)
  const starts = new Uint8Array(1 << bits)
  const slotAt = slotsOf(32 - bits)
  const byStart = new Map<string, Alike>()
  for (const kept of values) {
    const { value } = kept
    starts[slotAt(value, 0)] = 1
    const start = value.slice(0, MIN_LENGTH)
    const alike: Alike = byStart.get(start) ?? new Map<number, Map<string, KeptValue>>()
    byStart.set(start, alike)
    alike.set(value.length, (alike.get(value.length) ?? new Map<string, KeptValue>()).set(value, kept))
  }
  return (text, isOver) => {
    const places: KnownPlace[] = []
    let left = STRETCH
    for (let at = 0; at + MIN_LENGTH <= text.length; at += 1) {
      if (starts[slotAt(text, at)] === 0) continue
      for (const [length, alike] of byStart.get(text.slice(at, at + MIN_LENGTH)) ?? []) {
        const kept = alike.get(text.slice(at, at + length))
        if (kept !== undefined && isWhole(text, at, kept.value)) places.push({ start: at, end: at + length, kept })
        left -= length
      }
      if (left > 0) continue
      if (isOver()) break
      left = STRETCH
    }
    return places
  }
}

const slotsOf =
  (shift: number) =>
  (text: string, at: number): number => {
    const first = text.charCodeAt(at) + (text.charCodeAt(at + 1) << 5)
    const last = text.charCodeAt(at + 3) + (text.charCodeAt(at + 5) << 6)
    return (Math.imul(first, 0x9e3779b1) ^ Math.imul(last, 0x85ebca6b)) >>> shift
  }

/** A short value counts only where no letter or digit goes on beside it. */
function isWhole(text: string, at: number, value: string): boolean {
  if (value.length >= CERTAIN_LENGTH) return true
  const end = at + value.length
  const goesOn = (inside: number, outside: number): boolean =>
    isWordUnit(text.charCodeAt(inside)) && isWordUnit(text.charCodeAt(outside))
  return !goesOn(at, at - 1) && !goesOn(end - 1, end)
}

/** Of `NaN`, outside the text: no. */
const isWordUnit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
