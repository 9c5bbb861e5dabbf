/**
 * Brings records to one receiver, in order, one delivery at a time, however often it takes. Its place moves on only when
 * the receiver has confirmed; while it has not, nothing more is read, so that a dead receiver costs no memory.
 */
import type { Logger } from '../../flow/ports.ts'
import { type BackoffOptions, backoffMs } from './backoff.ts'
import { checkpointRecord, withCheckpoint } from './checkpoint-record.ts'
import type { FollowedRecord } from './follow.ts'
import { addRefusal } from './refused-file.ts'
import type { Renderable } from './render.ts'
import type { Selected } from './selection.ts'
import { type SendResult, type Sink, type SinkMessage, whyOf } from './sink.ts'
import { type CheckpointNote, type SinkState, type WaitingCheckpoint, writeState } from './state-file.ts'
import { Waiter } from './waiter.ts'

/** So often in a row a receiver may refuse one record before it is set aside. */
const REFUSALS = 3
/** When so many in a row were set aside, it is not the records: from then on the receiver is waited for. */
const MAX_ASIDE_IN_ROW = 20
/** A receiver that is in the middle of something gets so long when its sink is taken away. */
const LEAVE_MS = 2000

export interface DeliveryOptions {
  readonly name: string
  readonly sink: Sink
  /** Reads on; throws I/O errors. */
  readonly next: (maxRecords: number, maxBytes: number) => Selected
  readonly render: (record: Renderable) => SinkMessage[]
  readonly state: SinkState
  /** Lines that could not be read any more, so far. */
  readonly lost: () => number
  /** Files of this sink. */
  readonly stateFile: string
  readonly refusedFile: string
  readonly batchEvents: number
  readonly batchBytes: number
  readonly batchMs: number
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Its place or its health changed. */
  readonly onChange: () => void
  readonly nowMs?: () => number
  readonly backoff?: BackoffOptions
}

type Retry = Extract<SendResult, { kind: 'retry' }>
type Refused = Extract<SendResult, { kind: 'too-large' | 'refused' }>

export class Delivery {
  readonly #options: DeliveryOptions
  readonly #nowMs: () => number
  readonly #waiter = new Waiter()
  #state: SinkState
  /** Read, and not delivered yet. */
  #held: readonly FollowedRecord[] = []
  /** The place once all of that is delivered: behind what nobody wants, too. */
  #after: Pick<SinkState, 'streams' | 'leftOut'> = { streams: {}, leftOut: 0 }
  #checkpoints: readonly WaitingCheckpoint[]
  /** Most records of one delivery now: less than asked for while the receiver refuses so many. */
  #limit: number
  #tries = 0
  #refusals = 0
  /** The last attempt before a stop failed. */
  #isCutOff = false
  readonly #ended: Promise<void>

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#state = options.state
    this.#checkpoints = options.state.checkpoints
    this.#limit = options.batchEvents
    this.#ended = this.#run()
  }

  get state(): SinkState {
    return { ...this.#state, checkpoints: this.#checkpoints, lost: this.#options.lost() }
  }

  /** There are new lines. */
  notify(): void {
    this.#waiter.notify()
  }

  /** Hand a checkpoint on with the next delivery. */
  checkpoint(note: CheckpointNote): void {
    this.#checkpoints = withCheckpoint(this.#checkpoints, { ...note, time: this.#now() })
    this.#waiter.notify()
  }

  /** Ends after the attempt under way; a receiver that is well gets what is left. */
  async stop(): Promise<void> {
    this.#waiter.stop()
    await this.#ended
    await this.#flush().catch(() => undefined) // what was not confirmed is sent at the next start
    await this.#close()
  }

  /** Ends after the attempt under way, which gets `graceMs`; what is left stays where it is. */
  async leave(graceMs = LEAVE_MS): Promise<void> {
    this.#waiter.stop()
    const timer = setTimeout(() => {
      this.#options.sink.close().catch(() => undefined) // it is closed once more below
    }, graceMs)
    await this.#ended
    clearTimeout(timer)
    await this.#close()
  }

  async #close(): Promise<void> {
    // Checkpoints that came while the receiver was away are in memory only.
    await this.#save(this.#state).catch(() => undefined)
    await this.#options.sink.close()
  }

  async #flush(): Promise<void> {
    while (this.#state.failure === null && !this.#isCutOff) {
      if (this.#held.length === 0 && (await this.#read()) === 'only passed') continue
      if (this.#held.length === 0 || (await this.#send(this.#held)).kind !== 'delivered') return
      await this.#confirm(this.#held)
      this.#held = []
    }
  }

  async #run(): Promise<void> {
    // Where a new sink begins is kept before anything else: `from: now` is not to mean the next start.
    await this.#save(this.#state).catch(() => undefined) // stopped meanwhile
    while (!this.#waiter.isStopped) {
      try {
        await this.#round()
      } catch (error) {
        // Files that cannot be read, a state that cannot be written: as with a receiver, it is tried again.
        await this.#wait({ kind: 'retry', why: whyOf(error) })
      }
    }
  }

  async #round(): Promise<void> {
    this.#waiter.listen()
    await this.#sendCheckpoints()
    if (this.#held.length === 0 && (await this.#read()) === 'only passed') return
    if (this.#held.length > 0) return this.#deliver()
    await this.#waiter.news()
    // Company for what has just come.
    await this.#waiter.pause(this.#options.batchMs)
  }

  /** `only passed`: nobody wants any of it, and the place is behind it; there may be more. */
  async #read(): Promise<'only passed' | 'done'> {
    const { records, passed, leftOut } = this.#options.next(this.#options.batchEvents, this.#options.batchBytes)
    this.#held = records
    this.#after = { streams: passed, leftOut: this.#state.leftOut + leftOut }
    if (records.length > 0 || leftOut === 0) return 'done'
    await this.#save(this.#behind([]))
    return 'only passed'
  }

  async #send(part: readonly Renderable[]): Promise<SendResult> {
    let messages: SinkMessage[]
    try {
      messages = part.flatMap(this.#options.render)
    } catch (error) {
      // As if refused: the record is found and set aside. Messages of errors may quote it.
      return { kind: 'refused', why: `cannot be written in this format: ${nameOf(error)}` }
    }
    return this.#options.sink.send(messages)
  }

  async #deliver(): Promise<void> {
    while (this.#held.length > 0 && !this.#waiter.isStopped) {
      const part = this.#held.slice(0, this.#limit)
      const done = await this.#settle(await this.#send(part), part)
      this.#held = this.#held.slice(done)
    }
  }

  /** How many records of the part are done with. */
  async #settle(result: SendResult, part: readonly FollowedRecord[]): Promise<number> {
    switch (result.kind) {
      case 'delivered':
        this.#limit = Math.min(this.#options.batchEvents, this.#limit * 2)
        await this.#confirm(part)
        return part.length
      case 'retry':
        await this.#wait(result)
        return 0
      case 'too-large':
      case 'refused':
        return this.#narrow(result, part)
    }
  }

  /** Smaller parts until the record that is not wanted stands alone. */
  async #narrow({ why }: Refused, part: readonly FollowedRecord[]): Promise<number> {
    const [only] = part
    if (only === undefined || part.length > 1) {
      this.#limit = Math.ceil(part.length / 2)
      return 0
    }
    this.#refusals++
    if (this.#refusals < REFUSALS || this.#state.asideInRow >= MAX_ASIDE_IN_ROW) {
      await this.#wait({ kind: 'retry', why })
      return 0
    }
    await this.#setAside(only, why)
    return 1
  }

  async #setAside(refused: FollowedRecord, why: string): Promise<void> {
    const { name, refusedFile, log } = this.#options
    const { id, stream, cursor } = refused
    await addRefusal(refusedFile, { id, stream, seq: cursor.seq, time: this.#now(), why })
    log.error({ sink: name, event: id, detail: why }, 'audit.sink-refused-record')
    const { setAside, asideInRow } = this.#state
    await this.#save({ ...this.#behind([refused]), setAside: setAside + 1, asideInRow: asideInRow + 1 })
    this.#refusals = 0
  }

  async #confirm(part: readonly FollowedRecord[]): Promise<void> {
    const delivered = this.#state.delivered + part.length
    this.#refusals = 0
    await this.#save(this.#well({ ...this.#behind(part), delivered, asideInRow: 0 }))
  }

  #behind(part: readonly FollowedRecord[]): SinkState {
    const moved = Object.fromEntries(part.map(({ stream, cursor }) => [stream, cursor]))
    const isAll = part.length === this.#held.length
    const { streams, leftOut } = isAll ? this.#after : { streams: moved, leftOut: this.#state.leftOut }
    return { ...this.#state, streams: { ...this.#state.streams, ...streams }, leftOut }
  }

  async #sendCheckpoints(): Promise<void> {
    while (this.#checkpoints.length > 0 && !this.#waiter.isStopped) {
      const sent = this.#checkpoints
      const result = await this.#send(sent.map(checkpointRecord))
      if (result.kind === 'retry') {
        await this.#wait(result)
        continue
      }
      if (result.kind !== 'delivered') {
        this.#options.log.error({ sink: this.#options.name, detail: result.why }, 'audit.sink-refused-record')
      }
      this.#checkpoints = this.#checkpoints.filter((each) => !sent.includes(each))
      await this.#save(this.#well(this.#state))
    }
  }

  /** The next records are read only once this is on disk. */
  async #save(state: SinkState): Promise<void> {
    for (;;) {
      try {
        await writeState(this.#options.stateFile, {
          ...state,
          checkpoints: this.#checkpoints,
          lost: this.#options.lost(),
        })
        this.#state = state
        this.#options.onChange()
        return
      } catch (error) {
        if (this.#waiter.isStopped) throw error
        await this.#wait({ kind: 'retry', why: `the state file: ${whyOf(error)}` })
      }
    }
  }

  /** Something is wrong: said once, counted each time. */
  async #wait({ why, afterMs }: Retry): Promise<void> {
    if (this.#waiter.isStopped) {
      this.#isCutOff = true // perhaps by ourselves: no word on the receiver
      return
    }
    const { name, log, onChange, stateFile, backoff } = this.#options
    const before = this.#state.failure
    this.#tries++
    this.#state = {
      ...this.#state,
      retried: this.#state.retried + 1,
      failure: { since: before?.since ?? this.#now(), why },
    }
    if (before === null) log.warn({ sink: name, detail: why }, 'audit.sink-failing')
    // For `weir audit sinks`, which reads the file; the place in it is the confirmed one.
    if (before?.why !== why) await writeState(stateFile, this.state).catch(() => undefined)
    onChange()
    await this.#waiter.pause(backoffMs(this.#tries, afterMs, backoff))
  }

  #well(state: SinkState): SinkState {
    this.#tries = 0
    if (state.failure !== null) this.#options.log.info({ sink: this.#options.name }, 'audit.sink-recovered')
    return { ...state, failure: null, deliveredAt: this.#now() }
  }

  #now(): string {
    return new Date(this.#nowMs()).toISOString()
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name : typeof error)
