/** The audit store as the rest of Weir sees it: answers questions about events without ever blocking the data plane. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../flow/ports.ts'
import {
  type EventPage,
  type EventQuery,
  type FacetsAnswer,
  type FacetsQuery,
  type FoundExchange,
  type HistogramAnswer,
  type HistogramQuery,
  QueryError,
} from './event-query.ts'
import type { FromWorker, Question, Removal, SinkFiles, ToWorker, WorkerSettings } from './store-protocol.ts'

/** How long new lines may wait before the store reads them; a question always reads them first. */
const NOTIFY_MS = 250
const RESTART_MS = 1000

export interface EventStoreOptions {
  /** Folder of the event files. */
  readonly dir: string
  /** The store's own file; default `store.sqlite` in `dir`. Not for keeps: it is built again from the event files. */
  readonly file?: string
  /** Whole segments older than this are removed; absent: never. */
  readonly retentionDays?: number
  /** Personal files of segments older than this are removed; absent: with their segments. */
  readonly personDays?: number
  /** Sealed content of days older than this is removed; absent: never. */
  readonly contentDays?: number
  /** Records what is to go; it goes once this resolves, and is tried again later when it rejects. */
  readonly onExpire?: (removals: readonly Removal[]) => Promise<void>
  /** What these have not got yet stays up to `SINK_KEEP_DAYS` longer. */
  readonly sinks?: SinkFiles
  readonly log?: Logger
}

export interface EventStore {
  /** Rejects with `QueryError` on wrong values. */
  readonly query: (query: EventQuery) => Promise<EventPage>
  /** How often each value occurs among the exchanges that match. */
  readonly facets: (query: FacetsQuery) => Promise<FacetsAnswer>
  /** How the exchanges that match spread over time. */
  readonly histogram: (query: HistogramQuery) => Promise<HistogramAnswer>
  /** By flow or record id; `null` when unknown. */
  readonly find: (id: string) => Promise<FoundExchange | null>
  /** Newest event time by tool id. */
  readonly lastSeen: () => Promise<ReadonlyMap<string, string>>
  /** The persons of a pseudonym vanish from the store; resolves with the number of records that named one. */
  readonly forget: (who: string) => Promise<number>
  /** New lines were written. Cheap: call it after every group. */
  readonly notify: () => void
  /** Resolves once everything now in the files is in the store. */
  readonly sync: () => Promise<void>
  /** From now on records wait for these receivers. */
  readonly keepFor: (sinks: SinkFiles) => void
  readonly health: () => { readonly ok: boolean; readonly detail: string | null }
  readonly close: () => Promise<void>
}

/** Start the store's worker thread. Never throws: what is wrong with the store, `health` says. */
export const openEventStore = (options: EventStoreOptions): EventStore => new WorkerStore(options)

interface Asker {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Built files end in `.js`, sources in `.ts`, and so does the worker beside this file. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './store-worker.ts' : './store-worker.js', import.meta.url)

class WorkerStore implements EventStore {
  #settings: WorkerSettings
  readonly #log: Logger | undefined
  readonly #onExpire: (removals: readonly Removal[]) => Promise<void>
  readonly #askers = new Map<number, Asker>()
  /** `null` between its end and the next try. */
  #worker: Worker | null
  #questions = 0
  #health: { readonly ok: boolean; readonly detail: string | null } = { ok: false, detail: 'the store is starting' }
  #timer: NodeJS.Timeout | null = null
  #closing: Promise<void> | null = null
  #onClosed: (() => void) | null = null

  constructor(options: EventStoreOptions) {
    const {
      dir,
      file = join(dir, 'store.sqlite'),
      retentionDays = null,
      personDays = null,
      contentDays = null,
      sinks = null,
      log,
    } = options
    this.#settings = { dir, file, retentionDays, personDays, contentDays, sinks }
    this.#onExpire = options.onExpire ?? (() => Promise.resolve())
    this.#log = log
    this.#worker = this.#start()
  }

  query = (query: EventQuery): Promise<EventPage> => this.#ask({ ask: 'query', query }) as Promise<EventPage>
  facets = (query: FacetsQuery): Promise<FacetsAnswer> => this.#ask({ ask: 'facets', query }) as Promise<FacetsAnswer>
  histogram = (query: HistogramQuery): Promise<HistogramAnswer> =>
    this.#ask({ ask: 'histogram', query }) as Promise<HistogramAnswer>
  find = (id: string): Promise<FoundExchange | null> => this.#ask({ ask: 'find', id }) as Promise<FoundExchange | null>
  lastSeen = (): Promise<ReadonlyMap<string, string>> =>
    this.#ask({ ask: 'lastSeen' }) as Promise<ReadonlyMap<string, string>>
  forget = (who: string): Promise<number> => this.#ask({ ask: 'forget', who }) as Promise<number>
  sync = async (): Promise<void> => {
    await this.#ask({ ask: 'sync' })
  }

  health = (): { readonly ok: boolean; readonly detail: string | null } => this.#health

  keepFor = (sinks: SinkFiles): void => {
    this.#settings = { ...this.#settings, sinks }
    this.#send({ kind: 'sinks', sinks })
  }

  notify = (): void => {
    if (this.#closing !== null) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#send({ kind: 'notify' })
    }, NOTIFY_MS).unref()
  }

  close = (): Promise<void> => {
    this.#closing ??= new Promise((resolve) => {
      if (this.#timer !== null) clearTimeout(this.#timer)
      this.#onClosed = resolve
      if (this.#worker === null) resolve()
      else this.#send({ kind: 'close' })
    })
    return this.#closing
  }

  #ask(question: Question): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== null || this.#worker === null) {
        reject(new Error(`audit: the store is ${this.#closing === null ? 'starting again' : 'closed'}`))
        return
      }
      const number = this.#questions++
      this.#askers.set(number, { resolve, reject })
      this.#send({ kind: 'question', number, question })
    })
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message)
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#settings })
    worker.on('message', (message: FromWorker) => this.#hear(message))
    worker.on('error', (error) => {
      const { message } = error as Error
      this.#health = { ok: false, detail: message }
      this.#log?.error({ err: error }, 'audit.store-failed')
    })
    worker.on('exit', () => this.#onExit())
    return worker
  }

  #onExit(): void {
    this.#worker = null
    this.#failAll(this.#closing === null ? 'the store ended unexpectedly' : 'the store is closed')
    this.#onClosed?.()
    if (this.#closing !== null) return
    setTimeout(() => {
      if (this.#closing === null) this.#worker = this.#start()
    }, RESTART_MS).unref()
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'answer':
        this.#take(message.number)?.resolve(message.value)
        break
      case 'refusal': {
        const { isBadQuery, number, at = null } = message
        this.#take(number)?.reject(isBadQuery ? new QueryError(message.message, at) : new Error(message.message))
        break
      }
      case 'health':
        this.#health = { ok: message.ok, detail: message.detail }
        if (!message.ok) this.#log?.error({ detail: message.detail }, 'audit.store-failed')
        else if (message.detail !== null) this.#log?.error({ detail: message.detail }, 'audit.segment-unreadable')
        break
      case 'expiring':
        this.#expire(message.removals)
        break
      case 'event':
        this.#log?.warn(message.fields, message.event)
        break
    }
  }

  #expire(removals: readonly Removal[]): void {
    this.#onExpire(removals).then(
      () => {
        if (this.#closing === null) this.#send({ kind: 'recorded' })
      },
      (error: unknown) => {
        this.#log?.error({ err: error }, 'audit.retention-unrecorded')
        if (this.#closing === null) this.#send({ kind: 'unrecorded' })
      },
    )
  }

  #take(number: number): Asker | undefined {
    const asker = this.#askers.get(number)
    this.#askers.delete(number)
    return asker
  }

  #failAll(why: string): void {
    for (const { reject } of this.#askers.values()) reject(new Error(`audit: ${why}`))
    this.#askers.clear()
  }
}
