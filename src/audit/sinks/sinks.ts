/**
 * The sinks as the rest of Weir sees them: told what is durable, asked how they are. Whatever a receiver does happens in
 * a thread of its own; here nothing waits.
 */
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../../flow/ports.ts'
import type { SinkSettings } from './settings.ts'
import type { FromSinksWorker, SinkStatus, SinksWorkerSettings, ToSinksWorker } from './sinks-protocol.ts'
import type { CheckpointNote } from './state-file.ts'

/** How long news may wait before the thread hears of them. */
const NOTIFY_MS = 100
const RESTART_MS = 1000
/** A receiver that is in the middle of something gets so long at a stop; what it has not confirmed is sent again. */
const CLOSE_MS = 2000

export interface SinksOptions {
  /** Folder of the event files. */
  readonly dir: string
  /** Folder of the sinks' own files. */
  readonly folder: string
  readonly sinks: readonly SinkSettings[]
  /** The stream that this process writes, and its last durable line. */
  readonly stream: string
  readonly durableSeq: number
  readonly log?: Logger
  readonly closeMs?: number
}

export interface AuditSinks {
  /** Lines up to this one are durable. Cheap: call it after every group. */
  readonly durable: (seq: number) => void
  /** Hand a signed checkpoint to every sink. */
  readonly checkpoint: (checkpoint: CheckpointNote) => void
  /** Put this list in the place of the one before: sinks that are the same go on undisturbed. Never throws. */
  readonly replace: (sinks: readonly SinkSettings[]) => void
  readonly status: () => readonly SinkStatus[]
  readonly close: () => Promise<void>
}

/** While there are no sinks there is no thread. Never throws: what is wrong with a sink, `status` says. */
export const openSinks = (options: SinksOptions): AuditSinks => new WorkerSinks(options)

/** Built files end in `.js`, sources in `.ts`, and so does the worker beside this file. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './sinks-worker.ts' : './sinks-worker.js', import.meta.url)

class WorkerSinks implements AuditSinks {
  readonly #options: SinksOptions
  #sinks: readonly SinkSettings[]
  /** `null` while there are no sinks, and between its end and the next try. */
  #worker: Worker | null
  #isRestarting = false
  #durableSeq: number
  #timer: NodeJS.Timeout | null = null
  #status: readonly SinkStatus[] = []
  #closing: Promise<void> | null = null
  #onClosed: (() => void) | null = null

  constructor(options: SinksOptions) {
    this.#options = options
    this.#sinks = options.sinks
    this.#durableSeq = options.durableSeq
    this.#worker = this.#sinks.length === 0 ? null : this.#start()
  }

  /** Who was taken from the list is not told of, though its last attempt may still be under way. */
  status = (): readonly SinkStatus[] =>
    this.#status.filter((each) => this.#sinks.some(({ name }) => name === each.name))

  durable = (seq: number): void => {
    this.#durableSeq = seq
    if (this.#closing !== null || this.#worker === null) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#send({ kind: 'durable', seq: this.#durableSeq })
    }, NOTIFY_MS).unref()
  }

  checkpoint = (checkpoint: CheckpointNote): void => {
    const { origin, size, root, note } = checkpoint
    this.#send({ kind: 'checkpoint', checkpoint: { origin, size, root, note } })
  }

  replace = (sinks: readonly SinkSettings[]): void => {
    const before = this.#sinks
    if (this.#closing !== null || isDeepStrictEqual(before, sinks)) return
    this.#sinks = sinks
    this.#options.log?.info(changesOf(before, sinks), 'audit.sinks-changed')
    if (this.#worker !== null) this.#send({ kind: 'sinks', sinks })
    else if (!this.#isRestarting) this.#worker = this.#start()
  }

  close = (): Promise<void> => {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    const worker = this.#worker
    if (worker === null) return
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    this.#send({ kind: 'durable', seq: this.#durableSeq })
    this.#send({ kind: 'close' })
    const timer = setTimeout(() => {
      worker.terminate().catch(() => undefined)
    }, this.#options.closeMs ?? CLOSE_MS)
    await closed
    clearTimeout(timer)
  }

  #send(message: ToSinksWorker): void {
    this.#worker?.postMessage(message)
  }

  #start(): Worker {
    const { dir, folder, stream, log } = this.#options
    const workerData: SinksWorkerSettings = { dir, folder, sinks: this.#sinks, stream, durableSeq: this.#durableSeq }
    const worker = new Worker(WORKER, { workerData })
    worker.on('message', (message: FromSinksWorker) => this.#hear(message))
    worker.on('error', (error) => log?.error({ err: error }, 'audit.sinks-failed'))
    worker.on('exit', () => this.#onExit())
    return worker
  }

  #hear(message: FromSinksWorker): void {
    if (message.kind === 'status') this.#status = message.sinks
    else this.#options.log?.[message.level](message.fields, message.event)
  }

  /** The list became empty, or it was unexpected: where each sink stands is on disk, a new thread goes on from there. */
  #onExit(): void {
    this.#worker = null
    this.#onClosed?.()
    if (this.#closing !== null || this.#sinks.length === 0) return
    this.#isRestarting = true
    setTimeout(() => {
      this.#isRestarting = false
      if (this.#closing === null && this.#sinks.length > 0) this.#worker = this.#start()
    }, RESTART_MS).unref()
  }
}

/** Names only: addresses may hold secrets. */
function changesOf(
  before: readonly SinkSettings[],
  after: readonly SinkSettings[],
): Record<'added' | 'changed' | 'removed', string[]> {
  const old = new Map(before.map((sink) => [sink.name, sink]))
  const names = after.map(({ name }) => name)
  return {
    added: names.filter((name) => !old.has(name)),
    changed: after
      .filter((sink) => old.has(sink.name) && !isDeepStrictEqual(old.get(sink.name), sink))
      .map(({ name }) => name),
    removed: [...old.keys()].filter((name) => !names.includes(name)),
  }
}
