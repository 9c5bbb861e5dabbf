/**
 * The audit trail's way to disk: group commit without a timer. Whatever arrives while one group is being synced forms
 * the next group, which starts when that sync ends. An `append` resolves when its line is durable; outcomes
 * (`appendSoon`) ride along, and alone wait `PACE_MS` for company: a sync costs the kernel more time than the rest of a
 * small request.
 */
import { dirname, join } from 'node:path'
import type { AuditEvent } from '../domain/audit-event.ts'
import type { AuditPort, Logger } from '../flow/ports.ts'
import { chainedLine, createEventRenderer, lineHash, type RenderedEvent } from './event-line.ts'
import { FILE_CALLS, type FileCalls, GroupWriter } from './group-writer.ts'
import { createPseudonyms, loadPseudonymKey } from './pseudonym.ts'
import { isStreamName } from './segments.ts'
import { openStreamTail, type TornTail } from './tail-repair.ts'

/** Bytes that may wait in memory while the disk takes none. */
export const SPOOL_BYTES = 64 * 1024 * 1024
/** One group is at most this long, so that linking it never holds up the event loop for long. */
const GROUP_CHARS = 512 * 1024
const RETRY_MS = 500
const PACE_MS = 10

export interface SpoolOptions {
  /** Folder of the audit files, e.g. `data/audit`; made when missing. */
  readonly dir: string
  /** Name of this writer's chain, e.g. `n1-w0`; only one process may write it. */
  readonly stream: string
  readonly segmentBytes: number
  /** Default: `keys/pseudonym.key` beside `dir`; made when missing. */
  readonly keyFile?: string
  readonly log?: Logger
  /** Called after each durable group with the sequence number of its last line; readers go on from here. Must not throw. */
  readonly onCommit?: (lastSeq: number) => void
  readonly spoolBytes?: number
  /** How long to wait before the next try while the disk takes nothing. */
  readonly retryMs?: number
  readonly calls?: FileCalls
}

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
  #retry: NodeJS.Timeout | null = null
  #pace: NodeJS.Timeout | null = null
  /** Appends in the queue that somebody waits for. */
  #awaited = 0
  #lost = 0
  #isClosed = false

  constructor(options: SpoolOptions) {
    const { dir, stream, segmentBytes, calls = FILE_CALLS } = options
    this.#options = options
    this.#limit = options.spoolBytes ?? SPOOL_BYTES
    const keyFile = options.keyFile ?? join(dirname(dir), 'keys', 'pseudonym.key')
    this.#render = createEventRenderer(createPseudonyms(loadPseudonymKey(keyFile)))
    const tail = openStreamTail(dir, stream)
    this.torn = tail.torn
    this.#nextSeq = tail.nextSeq
    this.#prevHash = tail.prevHash
    this.#writer = new GroupWriter({ dir, stream, segmentBytes, tail, calls })
    for (const { file, bytes } of tail.torn) options.log?.warn({ file, bytes }, 'audit.tail-repaired')
  }

  append = (event: AuditEvent): Promise<void> =>
    new Promise((resolve, reject) => {
      const refusal = this.#refusal()
      if (refusal === null) this.#take(this.#render(event), { resolve, reject })
      else reject(refusal)
    })

  appendSoon = (event: AuditEvent): void => {
    if (this.#isClosed || this.#waitingBytes >= this.#limit) {
      this.#lost++
      this.#options.log?.error({ event: event.id, phase: event.phase, lost: this.#lost }, 'audit.event-lost')
      return
    }
    this.#take(this.#render(event), null)
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
  }

  /** Why no durable append is possible now. While spooled lines wait for the disk, a new one cannot overtake them. */
  #refusal(): Error | null {
    if (this.#isClosed) return new Error('audit: the spool is closed')
    if (this.#failure !== null && this.#queue.length > 0) return this.#failure
    return this.#waitingBytes >= this.#limit ? new Error('audit: too much waits for the disk') : null
  }

  #take(rendered: RenderedEvent, promise: Waiting['promise']): void {
    const size = rendered.chars
    this.#queue.push({ rendered, size, promise })
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
    const linked = this.#link(group)
    try {
      await this.#writer.commit({ firstSeq: this.#nextSeq, events: linked.events, personal: linked.personal })
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

  #link(group: readonly Waiting[]): { events: Buffer; personal: Buffer; lastHash: string } {
    let seq = this.#nextSeq
    let prevHash = this.#prevHash
    let events = ''
    let personal = ''
    for (const { rendered } of group) {
      const line = chainedLine(rendered, { stream: this.#options.stream, seq, prevHash })
      prevHash = lineHash(line)
      seq++
      events += `${line}\n`
      personal += rendered.personal ?? ''
    }
    return { events: Buffer.from(events), personal: Buffer.from(personal), lastHash: prevHash }
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
    if (this.#failure === null) this.#options.log?.error({ err: error }, 'audit.write-failed')
    this.#failure = error
    this.#retryLater()
  }

  #recover(): void {
    this.#failure = null
    this.#options.log?.info({}, 'audit.write-recovered')
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
