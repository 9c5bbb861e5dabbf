/**
 * Restores a stream of JSON events, each as it comes. Only the tail of a block that may still become a placeholder waits:
 * for the block's next piece, or for its end, when it goes out in an event of the same kind. An event in which nothing is
 * to be put back is the very bytes that came.
 */
import { Buffer } from 'node:buffer'
import type { AnswerText, RestorePoint, RestorePointsOf } from '../dialects/restore-points.ts'
import { type RestoreBook, TextRestorer } from './restore.ts'
import { type LeafEdit, type RestoreLeaf, restoreLeaves, withTexts } from './restore-json.ts'

/** An event's JSON and what it travels in, which is the caller's. */
export interface FramedEvent<Frame> {
  readonly data: Buffer
  readonly frame: Frame
}

export interface EventRules {
  readonly book: RestoreBook
  readonly pointsOf: RestorePointsOf
  /** Only what holds one of these may tell a history. */
  readonly historySigns: readonly string[]
  /** The provider remembers what is said under this id. */
  readonly onHistory: (id: string) => void
}

/** A block with a held tail, and the event that its tail came in. */
interface Holding<Frame> {
  readonly restorer: TextRestorer
  readonly event: FramedEvent<Frame>
  readonly leaf: RestoreLeaf
  /** Other text of the same event, that was sent already. */
  readonly others: readonly RestoreLeaf[]
}

/** Blocks with a held tail at once; of further ones nothing is held. */
const MAX_HOLDING = 256

export class EventRestorer<Frame> {
  readonly #rules: EventRules
  readonly #holding = new Map<string, Holding<Frame>>()
  readonly #firstByte: number
  readonly #keep: (frame: Frame) => Frame

  /** `keep`: a copy of a frame that outlives the call. */
  constructor(rules: EventRules, keep: (frame: Frame) => Frame) {
    this.#rules = rules
    this.#keep = keep
    this.#firstByte = rules.book.prefix.charCodeAt(0)
  }

  /** Must an event with these bytes be read? Most need not: nothing in it begins a placeholder, and nothing is held. */
  isOfInterest(bytes: Buffer): boolean {
    if (this.#holding.size > 0 || bytes.includes(this.#firstByte) || bytes.includes('\\u00')) return true
    return this.#rules.historySigns.some((sign) => bytes.includes(sign))
  }

  /** What goes out for an event, in order: the event itself where it is unchanged. `null`: only itself. */
  push(event: FramedEvent<Frame>): readonly FramedEvent<Frame>[] | null {
    const text = this.#textOf(event.data)
    if (text.history !== undefined) this.#rules.onHistory(text.history)
    const before = text.ended === 'all' ? this.end() : text.ended.flatMap((block) => this.#ended(block))
    const edited = this.#edited(event, text)
    if (before.length === 0) return edited === null ? null : [edited]
    return [...before, edited ?? event]
  }

  /** The stream is over: all that is still held. */
  end(): FramedEvent<Frame>[] {
    return [...this.#holding.keys()].flatMap((block) => this.#ended(block))
  }

  /** What is no object is no event: it ends everything (`[DONE]`). */
  #textOf(data: Buffer): AnswerText {
    const event = parsedObject(data)
    return event === null ? ALL_ENDED : this.#rules.pointsOf(event)
  }

  #ended(block: string): FramedEvent<Frame>[] {
    const holding = this.#holding.get(block)
    if (holding === undefined) return []
    this.#holding.delete(block)
    const { restorer, event, leaf, others } = holding
    const text = restorer.flush()
    const edits = [...others.map(({ start, end }) => ({ start, end, text: '' })), { ...leaf, text }]
    return [
      {
        data: withTexts(
          event.data,
          edits.sort((a, b) => a.start - b.start),
        ),
        frame: event.frame,
      },
    ]
  }

  #edited(event: FramedEvent<Frame>, { points }: AnswerText): FramedEvent<Frame> | null {
    const leaves = points.length === 0 ? null : restoreLeaves(event.data, points)
    if (leaves === null) return null
    const edits: LeafEdit[] = []
    for (const leaf of leaves) {
      const text = this.#restored(event, leaf, leaves)
      if (text !== leaf.text) edits.push({ start: leaf.start, end: leaf.end, text })
    }
    return edits.length === 0 ? null : { data: withTexts(event.data, edits), frame: event.frame }
  }

  #restored(event: FramedEvent<Frame>, leaf: RestoreLeaf, leaves: readonly RestoreLeaf[]): string {
    const { block, isLast } = leaf.point
    const restorer = (block === null ? undefined : this.#holding.get(block)?.restorer) ?? this.#open(leaf.point)
    const text = restorer.push(leaf.text)
    const mustEnd =
      block === null || isLast === true || (this.#holding.size >= MAX_HOLDING && !this.#holding.has(block))
    const rest = mustEnd ? restorer.flush() : ''
    if (block === null) return text + rest
    this.#holding.delete(block)
    if (restorer.isHolding) {
      const others = leaves.filter((other) => other !== leaf)
      // A copy: the caller's bytes are not his for long.
      const kept = { data: Buffer.from(event.data), frame: this.#keep(event.frame) }
      this.#holding.set(block, { restorer, event: kept, leaf, others })
    }
    return text + rest
  }

  #open(point: RestorePoint): TextRestorer {
    return restorerFor(point, this.#rules.book)
  }
}

/** What an answer says again is restored again, and counted once. */
const restorerFor = ({ isJson, isRepeat }: RestorePoint, book: RestoreBook): TextRestorer =>
  new TextRestorer(isRepeat === true ? { ...book, onRestored: quiet, onMiss: quiet } : book, isJson === true)

const quiet = (): void => undefined

const ALL_ENDED: AnswerText = { points: [], ended: 'all' }

/** A whole body, one object. `null`: as it came. */
export function restoreWhole(data: Buffer, rules: EventRules): Buffer | null {
  const event = parsedObject(data)
  if (event === null) return null
  const { points, history } = rules.pointsOf(event)
  if (history !== undefined) rules.onHistory(history)
  const leaves = points.length === 0 ? null : restoreLeaves(data, points)
  return leaves === null ? null : wholeEdited(data, leaves, rules.book)
}

function wholeEdited(data: Buffer, leaves: readonly RestoreLeaf[], book: RestoreBook): Buffer | null {
  const open = new Map<string, { readonly restorer: TextRestorer; last: { text: string } }>()
  const restored = leaves.map((leaf) => {
    const { block, isLast } = leaf.point
    const before = block === null ? undefined : open.get(block)
    const restorer = before?.restorer ?? restorerFor(leaf.point, book)
    const edit = { start: leaf.start, end: leaf.end, before: leaf.text, text: restorer.push(leaf.text) }
    if (block === null || isLast === true) edit.text += restorer.flush()
    if (block !== null) open.set(block, { restorer, last: edit })
    return edit
  })
  for (const { restorer, last } of open.values()) last.text += restorer.flush()
  const edits = restored.filter(({ before, text }) => before !== text)
  return edits.length === 0 ? null : withTexts(data, edits)
}

/** `null`: no body of the dialect, it goes on as it is. */
function parsedObject(data: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}
