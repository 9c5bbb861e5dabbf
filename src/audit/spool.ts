/**
 * The audit trail's way to disk: group commit without a timer. Whatever arrives while one group is being synced forms
 * the next group, which starts when that sync ends. An `append` resolves when its line is durable; outcomes
 * (`appendSoon`) ride along, and alone wait `PACE_MS` for company: a sync costs the kernel more time than the rest of a
 * small request.
 */
import type { AuditEvent } from '../domain/audit-event.ts'
import type { AuditPort } from '../flow/ports.ts'
import { createEventRenderer, type RenderedEvent } from './event-line.ts'
import { FILE_CALLS } from './file-calls.ts'
import { GroupWriter } from './group-writer.ts'
import { linkGroup } from './link-group.ts'
import { openPersonDesk, type PersonDesk } from './person-desk.ts'
import { dataOf } from './person-reader.ts'
import { isStreamName } from './segments.ts'
import type { SpoolOptions } from './spool-options.ts'
import { openStreamTail, type TornTail } from './tail-repair.ts'
import { isBlock, logUnwrittenBlock, WriteGap } from './write-gap.ts'

/** Bytes that may wait in memory while the disk takes none. */
export const SPOOL_BYTES = 64 * 1024 * 1024
/** Beyond that, for blocks: they are recorded when nothing else is any more. */
const BLOCK_BYTES = 16 * 1024 * 1024
/** One group is at most this long, so that linking it never holds up the event loop for long. */
const GROUP_CHARS = 512 * 1024
const RETRY_MS = 500
const PACE_MS = 10
const DAY_CHARS = 'yyyy-mm-dd'.length

export interface Spool extends AuditPort {
  /** Wait until nothing is queued, or until the disk refuses. */
  readonly drain: () => Promise<void>
  /** Drain and close the files. Events appended later are refused. */
  readonly close: () => Promise<void>
  /** Sequence number of the last durable line of the stream; 0 when there is none. */
  readonly lastSeq: () => number
  /** What was cut off the files at start. */
  readonly torn: readonly TornTail[]
  /** Events that could not even be kept in memory. */
  readonly lost: () => number
}

interface Waiting {
  /** RFC 3339, of the event. */
  readonly time: string
  /** The event when it is a block; else nothing of it is kept but its text. */
  readonly block: AuditEvent | null
  readonly rendered: RenderedEvent
  readonly size: number
  /** `null`: rides along (`appendSoon`). */
  readonly promise: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null
}

/** Open a stream for appending. Throws when folder, key or files cannot be used. */
export function createSpool(options: SpoolOptions): Spool {
  if (!isStreamName(options.stream)) throw new Error(`audit: \`${options.stream}\` is no stream name: use a-z, 0-9, -`)
  return new GroupSpool(options)
}

class GroupSpool implements Spool {
  readonly torn: readonly TornTail[]
  readonly #options: SpoolOptions
  readonly #persons: Pick<PersonDesk, 'persons' | 'flush'>
  readonly #ownDesk: PersonDesk | null
  readonly #render: (event: AuditEvent) => RenderedEvent
  readonly #writer: GroupWriter
  readonly #limit: number
  #queue: Waiting[] = []
  /** Of the queue and of the group under way. */
  #waitingBytes = 0
  #nextSeq: number
  #prevHash: string
  #running: Promise<void> | null = null
  #failure: Error | null = null
  /** Counts while the disk takes nothing. */
  #gap: WriteGap | null = null
  #retry: NodeJS.Timeout | null = null
  #pace: NodeJS.Timeout | null = null
  /** Appends in the queue that somebody waits for. */
  #awaited = 0
  #lost = 0
  #isClosed = false

  constructor(options: SpoolOptions) {
    const { dir, stream, segmentBytes, calls = FILE_CALLS, onRotate } = options
    this.#options = options
    this.#limit = options.spoolBytes ?? SPOOL_BYTES
    const own = options.persons === undefined ? openPersonDesk({ data: dataOf(dir) }) : null
    this.#ownDesk = own
    // One of the two there is.
    this.#persons = options.persons ?? (own as PersonDesk)
    this.#render = createEventRenderer(this.#persons.persons)
    const tail = openStreamTail(dir, stream)
    this.torn = tail.torn
    this.#nextSeq = tail.nextSeq
    this.#prevHash = tail.prevHash
    this.#writer = new GroupWriter({ dir, stream, segmentBytes, tail, calls, ...(onRotate && { onRotate }) })
    for (const { file, bytes } of tail.restored) options.log?.warn({ file, bytes }, 'audit.tail-restored')
    for (const { file, bytes } of tail.torn) options.log?.warn({ file, bytes }, 'audit.tail-repaired')
  }

  append = (event: AuditEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      const refusal = this.#refusal()
      if (refusal === null) this.#take(event, { resolve, reject })
      else {
        if (this.#gap !== null) this.#gap.refused++
        reject(refusal)
      }
    })

  appendSoon = (event: AuditEvent): void => {
    if (this.#failure !== null && isBlock(event)) this.#noteBlock(event)
    if (this.#isClosed || this.#waitingBytes >= this.#limit + (isBlock(event) ? BLOCK_BYTES : 0)) {
      this.#lost++
      if (this.#gap !== null) this.#gap.lost++
      this.#options.log?.error({ event: event.id, phase: event.phase, lost: this.#lost }, 'audit.event-lost')
      return
    }
    if (this.#gap !== null) this.#gap.waited++
    this.#take(event, null)
  }

  health = (): { readonly ok: boolean; readonly spooledBytes: number; readonly detail: string | null } => {
    const refusal = this.#refusal() ?? this.#failure
    return { ok: refusal === null, spooledBytes: this.#waitingBytes, detail: refusal?.message ?? null }
  }

  lost = (): number => this.#lost

  lastSeq = (): number => this.#nextSeq - 1

  drain = async (): Promise<void> => {
    do {
      if (this.#queue.length > 0) this.#start()
      await this.#running
    } while (this.#queue.length > 0 && this.#failure === null)
  }

  close = async (): Promise<void> => {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of [this.#retry, this.#pace]) if (timer !== null) clearTimeout(timer)
    await this.drain()
    this.#lost += this.#queue.length
    if (this.#queue.length > 0) this.#options.log?.error({ lost: this.#queue.length }, 'audit.events-lost-at-close')
    await this.#writer.close()
    await this.#ownDesk?.close()
  }

  /** Why no durable append is possible now. While spooled lines wait for the disk, a new one cannot overtake them. */
  #refusal(): Error | null {
    if (this.#isClosed) return new Error('audit: the spool is closed')
    if (this.#failure !== null && this.#queue.length > 0) return this.#failure
    return this.#waitingBytes >= this.#limit ? new Error('audit: too much waits for the disk') : null
  }

  #take(event: AuditEvent, promise: Waiting['promise']): void {
    const rendered = this.#render(event)
    const size = rendered.chars
    this.#queue.push({ time: event.time, block: isBlock(event) ? event : null, rendered, size, promise })
    this.#waitingBytes += size
    if (promise !== null) {
      this.#awaited++
      this.#start()
    } else this.#startSoon()
  }

  /**
   * For what nobody waits for: a moment later, so that the next request's intent neither waits for this sync nor needs
   * one of its own. While the disk fails, the retry timer decides.
   */
  #startSoon(): void {
    if (this.#running !== null || this.#pace !== null || this.#failure !== null) return
    this.#pace = setTimeout(() => {
      this.#pace = null
      this.#start()
    }, PACE_MS)
  }

  #start(): void {
    this.#running ??= this.#commitWhileAwaited().finally(() => {
      this.#running = null
      if (this.#awaited > 0) this.#start()
      else if (this.#queue.length > 0) this.#startSoon()
    })
  }

  async #commitWhileAwaited(): Promise<void> {
    do {
      const group = this.#nextGroup()
      if (group.length === 0 || !(await this.#commitGroup(group))) return
    } while (this.#awaited > 0 || this.#waitingBytes > GROUP_CHARS || this.#isClosed)
  }

  #nextGroup(): Waiting[] {
    let chars = 0
    const tooMany = this.#queue.findIndex(({ size }) => {
      chars += size
      return chars > GROUP_CHARS
    })
    const group = tooMany === -1 ? this.#queue : this.#queue.splice(0, Math.max(1, tooMany))
    if (tooMany === -1) this.#queue = []
    for (const { promise } of group) if (promise !== null) this.#awaited--
    return group
  }

  async #commitGroup(group: readonly Waiting[]): Promise<boolean> {
    const place = { stream: this.#options.stream, seq: this.#nextSeq, prevHash: this.#prevHash }
    const linked = linkGroup(group, place)
    try {
      // The keys first: no event is acknowledged whose person nobody could read.
      const keys = this.#persons.flush()
      if (keys !== null) await keys
      const day = this.#options.rotatesDaily === true ? (group[0]?.time.slice(0, DAY_CHARS) ?? '') : ''
      await this.#writer.commit({ firstSeq: this.#nextSeq, day, events: linked.events, personal: linked.personal })
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)), group)
      return false
    }
    this.#nextSeq += group.length
    this.#prevHash = linked.lastHash
    for (const { size, promise } of group) {
      this.#waitingBytes -= size
      promise?.resolve()
    }
    if (this.#failure !== null) this.#recover()
    this.#options.onCommit?.(this.#nextSeq - 1)
    return true
  }

  /** Durable appends are refused at once; what rides along stays in memory, in its order. */
  #fail(error: Error, group: readonly Waiting[]): void {
    const all = [...group, ...this.#queue]
    this.#queue = all.filter(({ promise }) => promise === null)
    this.#awaited = 0
    for (const { size, promise } of all) {
      if (promise === null) continue
      this.#waitingBytes -= size
      promise.reject(new Error(`audit: cannot write: ${error.message}`, { cause: error }))
    }
    if (this.#failure === null) this.#begin(error)
    if (this.#gap !== null) this.#gap.refused += all.length - this.#queue.length
    this.#failure = error
    this.#retryLater()
  }

  #begin(error: Error): void {
    this.#options.log?.error({ err: error }, 'audit.write-failed')
    this.#gap = new WriteGap(Date.now(), error.message)
    this.#gap.waited = this.#queue.length
    for (const { block } of this.#queue) if (block !== null) this.#noteBlock(block)
  }

  #noteBlock(event: AuditEvent): void {
    const who = 'client' in event ? this.#persons.persons(event.id, event.client)?.who : null
    logUnwrittenBlock(this.#options.log, event, who ?? null)
  }

  #recover(): void {
    const gap = this.#gap?.end(this.#options.stream, Date.now())
    this.#failure = null
    this.#gap = null
    this.#options.log?.info({ ...gap }, 'audit.write-recovered')
    // Past all limits: what waits is being written, and of this there is one.
    if (gap !== undefined && this.#options.gapEvent !== undefined) this.#take(this.#options.gapEvent(gap), null)
  }

  #retryLater(): void {
    if (this.#isClosed || this.#retry !== null) return
    this.#retry = setTimeout(() => {
      this.#retry = null
      if (this.#queue.length > 0) this.#start()
      else if (this.#failure !== null) this.#running ??= this.#probe()
    }, this.#options.retryMs ?? RETRY_MS).unref()
  }

  /** Nothing waits: find out whether the disk takes bytes again, so that health need not wait for the next event. */
  async #probe(): Promise<void> {
    try {
      await this.#writer.probe()
      this.#recover()
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
      this.#retryLater()
    } finally {
      this.#running = null
      if (this.#queue.length > 0) this.#start()
    }
  }
}
