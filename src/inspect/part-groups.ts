/**
 * Puts the parts of a body together in groups that one hash can tell: a conversation grows at its end, so that its older
 * groups stay what they were.
 */
import { Buffer } from 'node:buffer'
import type { TextPart } from '../dialects/dialect.ts'

/** Parts in a row whose bytes are as many as this are remembered together. */
const GROUP_BYTES = 131_072

/** Parts in a row. */
export interface PartGroup {
  readonly first: number
  readonly parts: readonly TextPart[]
  /** All bytes from the first to the last, and where the parts lie in it; `null`: too few to be remembered together. */
  readonly whole: { readonly block: Uint8Array; readonly layout: Uint8Array } | null
}

/** All parts, in their order. */
export function inGroups(body: Uint8Array, parts: readonly TextPart[]): PartGroup[] {
  const groups: PartGroup[] = []
  let first = 0
  let start = Infinity
  let end = 0
  for (const [index, part] of parts.entries()) {
    start = Math.min(start, part.start)
    end = Math.max(end, part.end)
    const isFull = end - start >= GROUP_BYTES
    if (!isFull && index < parts.length - 1) continue
    const members = parts.slice(first, index + 1)
    const isLarge = isFull && members.length > 1
    const whole = isLarge ? { block: body.subarray(start, end), layout: layoutOf(members, start) } : null
    groups.push({ first, parts: members, whole })
    first = index + 1
    start = Infinity
    end = 0
  }
  return groups
}

const ESCAPINGS: readonly TextPart['escaping'][] = ['json', 'form', 'plain']

function layoutOf(parts: readonly TextPart[], from: number): Uint8Array {
  const numbers = new Int32Array(parts.length * 4)
  for (const [index, { start, end, escaping, isMedia }] of parts.entries()) {
    numbers[index * 4] = start - from
    numbers[index * 4 + 1] = end - from
    numbers[index * 4 + 2] = ESCAPINGS.indexOf(escaping)
    numbers[index * 4 + 3] = isMedia === true ? 1 : 0
  }
  return Buffer.from(numbers.buffer)
}
