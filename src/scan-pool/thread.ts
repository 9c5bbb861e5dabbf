/** One scanning thread as the main thread sees it: starts, is given rules, reads one body at a time, may be lost. */
import { Worker } from 'node:worker_threads'
import type { UnreadReason } from '../domain/finding.ts'
import type { FromThread, LookMessage, Question, RuleSources, ThreadSettings } from './messages.ts'

/** A thread gives up by itself after two seconds; one that says nothing for this long hangs. */
export const HANG_MS = 3000
/** Of its heap, MiB: a body that needs more costs a thread and not the process. */
const HEAP_MIB = 1024

export type LostBy = 'died' | 'hung'

export interface ThreadEvents {
  /** It can take a body. */
  readonly onIdle: () => void
  /** It is gone, once; `wasReady`: it had compiled rules before. Not called after `end`. */
  readonly onLost: (by: LostBy, wasReady: boolean) => void
}

export interface ThreadOptions extends ThreadEvents {
  readonly entry: URL
  readonly settings: ThreadSettings
  readonly hangMs: number
}

/** `found` without findings, where the thread could not answer. */
export type Answer = Exclude<FromThread, { readonly kind: 'ready' }>
export type Done = (answer: Answer) => void

interface Job {
  readonly done: Done
  /** `null` while the body is on its way. */
  timer: NodeJS.Timeout | null
}

export class Thread {
  readonly #worker: Worker
  readonly #options: ThreadOptions
  #job: Job | null = null
  /** Of the client whose values it was told last. */
  #lastKnown: string | null = null
  /** Number of the rules it was told last, and of those it has compiled. */
  #told = 0
  #compiled = 0
  #isGone = false

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#worker = new Worker(options.entry, {
      name: 'weir-scan',
      workerData: options.settings,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message))
    // `exit` follows; without a listener the process would end.
    this.#worker.on('error', () => this.#lose('died'))
    this.#worker.on('exit', () => this.#lose('died'))
  }

  get isIdle(): boolean {
    return !this.#isGone && this.#job === null && this.#told > 0 && this.#compiled === this.#told
  }

  /** What it reads already is read to the end under the rules before. */
  setRules(rules: number, sources: RuleSources): void {
    this.#told = rules
    this.#worker.postMessage({ kind: 'rules', rules, sources })
  }

  /** Only while it is idle: it waits for `ask` from now on. */
  reserve(done: Done): void {
    this.#job = { done, timer: null }
  }

  /** Only after `reserve`. The body's buffer is taken away. */
  ask(question: Question & { readonly body: Uint8Array<ArrayBuffer> }): void {
    // Lost meanwhile, and told so.
    if (this.#job === null) return
    this.#job.timer = setTimeout(() => this.#lose('hung'), this.#options.hangMs)
    this.#worker.postMessage(question.kind === 'look' ? this.#untold(question) : question, [question.body.buffer])
  }

  /** Without the values that it was told last. */
  #untold(question: LookMessage): LookMessage {
    const { known } = question
    if (known === null) return question
    const isTold = known.id === this.#lastKnown
    this.#lastKnown = known.id
    return isTold ? { ...question, known: { ...known, values: null } } : question
  }

  /** After `reserve`, where there is nothing to be read after all. */
  abandon(): void {
    this.#finish(unread('detector-fault'))
    if (this.isIdle) this.#options.onIdle()
  }

  async end(): Promise<void> {
    this.#isGone = true
    this.#finish(unread('over-capacity'))
    await this.#worker.terminate()
  }

  #onMessage(message: FromThread): void {
    if (this.#isGone) return
    if (message.kind === 'ready') this.#compiled = message.rules
    else this.#finish(message)
    if (this.isIdle) this.#options.onIdle()
  }

  #lose(by: LostBy): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#worker.terminate().catch(() => undefined) // it is gone already
    this.#finish(unread(by === 'hung' ? 'timeout' : 'detector-fault'))
    this.#options.onLost(by, this.#compiled > 0)
  }

  #finish(answer: Answer): void {
    const job = this.#job
    this.#job = null
    if (job === null) return
    if (job.timer !== null) clearTimeout(job.timer)
    job.done(answer)
  }
}

const unread = (why: UnreadReason): Answer => ({
  kind: 'found',
  inspection: { findings: [], unread: why, model: null },
})
