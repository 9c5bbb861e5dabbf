/**
 * Reads large bodies in threads, so that the event loop goes on. Small ones are read where they are, for handing them over
 * would take longer, unless they turn out to be slow. What waits is bounded by number, bytes and time; what finds no room
 * counts as unread.
 */
import { newestPart, type PartPlace } from '../dialects/newest-part.ts'
import type { Inspected, Inspection } from '../domain/finding.ts'
import type { DialectId } from '../domain/tool.ts'
import { allAtOnce, type StepwiseWork, type WorkTurns } from '../domain/work-turns.ts'
import type {
  Edited,
  EditRequest,
  InspectPort,
  InspectRequest,
  Logger,
  RestoredLarge,
  RestoreRequest,
  RestoreStore,
} from '../flow/ports.ts'
import type { RecoveryPorts } from '../inspect/blocked-values.ts'
import type { KeptValue } from '../inspect/vault.ts'
import { gathering, QUICK_BYTES } from '../wire/gather-bytes.ts'
import type { KnownMessage, Question, RuleSources, ThreadSettings } from './messages.ts'
import { unpackFindings } from './packed-findings.ts'
import { packValues } from './packed-values.ts'
import { type Answer, HANG_MS, type LostBy, Thread } from './thread.ts'

/** A longer body goes to a thread: reading it cold, JSON and detectors, takes some five milliseconds. */
export const LARGE_BODY = 262_144
/** How long the main thread reads a smaller one before it goes to a thread all the same: what is made to be slow. */
export const HERE_MS = 5
/** A shorter one is read at once, whatever else the turn of the event loop holds. */
const TINY_BODY = 4096
/** Of a client with more known values all but tiny bodies go to a thread: to be looked for they are put in an index. */
const MANY_VALUES = 2000
/** More places are edited in turns. */
const FEW_FINDINGS = 100
/** What may wait for a thread. */
export const WAITING_BODIES = 64
export const WAITING_BYTES = 134_217_728
/** How long it may wait; threads that start or get new rules compile them first. */
export const WAIT_MS = 10_000
/** Threads lost in a row before one of them was ready: no more are started until the rules change. */
const MAX_STARTS = 3

export interface RulesInForce {
  /** Stands for the rules: the same object as long as they are the same. */
  readonly identity: object
  readonly sources: () => RuleSources
}

export interface ScanPoolOptions {
  /** Reads small bodies, and edits. */
  readonly inspector: MainInspector
  readonly turns: WorkTurns
  /** 0: everything is read by `inspector`. */
  readonly threads: number
  readonly settings: ThreadSettings
  /** Asked for every large body. */
  readonly rules: () => RulesInForce
  /** The same object until something changes. */
  readonly valuesOf: (client: string) => ReadonlyMap<string, KeptValue>
  readonly log: Logger
  /** For tests. */
  readonly entry?: URL
  readonly hangMs?: number
  readonly waitMs?: number
}

/** `redacting`: the edit in steps. */
export interface MainInspector {
  readonly inspect: (request: InspectRequest) => Inspection
  readonly redacting: (request: EditRequest) => StepwiseWork<Edited>
}

export interface ScanPool extends InspectPort {
  /** New rules may be in force: threads compile them now and not when a body comes. */
  readonly refresh: () => void
  /** Where the newest message of a request stands; `unread`: nobody could read it. */
  readonly newestOf: NonNullable<RecoveryPorts['newestOf']>
  readonly restoreLarge: NonNullable<RestoreStore['restoreLarge']>
  /** Ends the threads; what waits counts as unread. */
  readonly close: () => Promise<void>
}

export function createScanPool(options: ScanPoolOptions): ScanPool {
  const { inspector, threads, turns } = options
  const pool = threads === 0 ? null : new Pool(options)
  const hasManyValues = ({ editFor }: InspectRequest): boolean =>
    editFor !== undefined && options.valuesOf(editFor).size > MANY_VALUES
  return {
    inspect: (request) => {
      if (pool !== null && request.body.length > LARGE_BODY) return pool.inspect(request)
      if (pool?.hasThreads !== true || request.body.length <= TINY_BODY) return inspector.inspect(request)
      if (hasManyValues(request)) return pool.inspect(request)
      const found = turns.whole(() => inspector.inspect({ ...request, budgetMs: HERE_MS }))
      return found instanceof Promise
        ? found.then((each) => pool.unlessSlow(request, each))
        : pool.unlessSlow(request, found)
    },
    redact: (request) => {
      const isQuick = request.findings.length <= FEW_FINDINGS && request.body.length <= QUICK_BYTES
      return isQuick ? allAtOnce(inspector.redacting(request)) : turns.run(inspector.redacting(request))
    },
    newestOf: (dialect, body) =>
      pool === null || body.length <= LARGE_BODY ? newestPart(dialect, body) : pool.newest(dialect, body),
    restoreLarge: (request) => (pool?.hasThreads === true ? pool.restore(request) : null),
    refresh: () => pool?.refresh(),
    close: async () => pool?.close(),
  }
}

interface Waiting {
  readonly body: Uint8Array
  /** Put together when a thread takes it. */
  readonly question: (copy: Uint8Array<ArrayBuffer>) => Question & { readonly body: Uint8Array<ArrayBuffer> }
  readonly done: (answer: Answer) => void
  readonly timer: NodeJS.Timeout
}

/** The source as it runs, built or not. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

const NO_THREAD: Answer = { kind: 'found', inspection: { findings: [], unread: 'detector-fault', model: null } }
const NO_ROOM: Answer = { kind: 'found', inspection: { findings: [], unread: 'over-capacity', model: null } }

class Pool {
  readonly #options: ScanPoolOptions
  readonly #threads = new Set<Thread>()
  readonly #waiting = new Set<Waiting>()
  readonly #known = new WeakMap<ReadonlyMap<string, KeptValue>, KnownMessage>()
  #waitingBytes = 0
  #rules: RulesInForce | null = null
  #rulesNumber = 0
  #knownCount = 0
  #failedStarts = 0
  #isClosed = false

  constructor(options: ScanPoolOptions) {
    this.#options = options
    this.refresh()
  }

  get hasThreads(): boolean {
    return this.#threads.size > 0
  }

  /** What the main thread found, or what a thread finds where the main thread had to stop. */
  unlessSlow(request: InspectRequest, found: Inspection): Inspection | Promise<Inspected> {
    return found.unread === 'timeout' ? this.inspect(request) : found
  }

  async inspect({ body, contentType, dialect, editFor }: InspectRequest): Promise<Inspected> {
    const answer = await this.#ask(body, (copy) => {
      const known = editFor === undefined ? null : this.#knownOf(editFor)
      return { kind: 'look', body: copy, contentType, dialect, known }
    })
    if (answer.kind !== 'found') return { findings: [], unread: 'detector-fault', model: null }
    const { inspection, packed } = answer
    return packed === undefined ? inspection : { ...inspection, findings: unpackFindings(packed) }
  }

  async newest(dialect: DialectId, body: Uint8Array): Promise<PartPlace | null | 'unread'> {
    const answer = await this.#ask(body, (copy) => ({ kind: 'newest', body: copy, dialect }))
    return answer.kind === 'newest' ? answer.newest : 'unread'
  }

  async restore({ client, dialect, body }: RestoreRequest): Promise<RestoredLarge | null> {
    const all = this.#options.valuesOf(client)
    const [placeholders, values] = [[...all.keys()], Array.from(all.values(), ({ value }) => value)]
    const answer = await this.#ask(body, (copy) => ({ kind: 'restore', body: copy, dialect, placeholders, values }))
    return answer.kind === 'restored' ? answer.restored : null
  }

  #ask(body: Uint8Array, question: Waiting['question']): Promise<Answer> {
    this.refresh()
    const { length } = body
    if (this.#threads.size === 0) return Promise.resolve(this.#isClosed ? NO_ROOM : NO_THREAD)
    const hasRoom = this.#waiting.size < WAITING_BODIES && this.#waitingBytes + length <= WAITING_BYTES
    if (!hasRoom) return Promise.resolve(NO_ROOM)
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#leave(waiting)
        resolve(NO_ROOM)
      }, this.#options.waitMs ?? WAIT_MS)
      const waiting: Waiting = { body, question, timer, done: resolve }
      this.#waiting.add(waiting)
      this.#waitingBytes += length
      this.#next()
    })
  }

  refresh(): void {
    if (this.#isClosed) return
    const rules = this.#options.rules()
    if (rules.identity === this.#rules?.identity) return
    this.#rules = rules
    this.#rulesNumber += 1
    this.#failedStarts = 0
    const sources = rules.sources()
    for (const thread of this.#threads) thread.setRules(this.#rulesNumber, sources)
    while (this.#threads.size < this.#options.threads) this.#start(sources)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const waiting of this.#waiting) {
      this.#leave(waiting)
      waiting.done(NO_ROOM)
    }
    await Promise.all([...this.#threads].map((thread) => thread.end()))
    this.#threads.clear()
  }

  #start(sources: RuleSources): void {
    const thread = new Thread({
      entry: this.#options.entry ?? ENTRY,
      settings: this.#options.settings,
      hangMs: this.#options.hangMs ?? HANG_MS,
      onIdle: () => this.#next(),
      onLost: (by, wasReady) => this.#replace(thread, by, wasReady),
    })
    this.#threads.add(thread)
    thread.setRules(this.#rulesNumber, sources)
  }

  #replace(lost: Thread, by: LostBy, wasReady: boolean): void {
    this.#threads.delete(lost)
    this.#options.log.error({ detail: by }, 'inspect.thread-lost')
    this.#failedStarts = wasReady ? 0 : this.#failedStarts + 1
    if (this.#rules !== null && this.#failedStarts < MAX_STARTS) this.#start(this.#rules.sources())
    if (this.#threads.size > 0) return
    for (const waiting of this.#waiting) {
      this.#leave(waiting)
      waiting.done(NO_THREAD)
    }
  }

  /** The oldest that waits goes to a thread that can take it. */
  #next(): void {
    for (const thread of this.#threads) {
      const [waiting] = this.#waiting
      if (waiting === undefined) return
      if (!thread.isIdle) continue
      this.#leave(waiting)
      thread.reserve(waiting.done)
      this.#handOver(thread, waiting).catch(() => thread.abandon())
    }
  }

  /** A copy goes: should the thread be lost, the body may still have to be sent. */
  async #handOver(thread: Thread, { body, question }: Waiting): Promise<void> {
    const { turns } = this.#options
    const copy = body.length <= QUICK_BYTES ? new Uint8Array(body) : await turns.run(gathering([body]))
    // Known values may be many.
    await turns.whole(() => thread.ask(question(copy)))
  }

  #leave(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return
    this.#waitingBytes -= waiting.body.length
    clearTimeout(waiting.timer)
  }

  #knownOf(client: string): KnownMessage {
    const all = this.#options.valuesOf(client)
    const known = this.#known.get(all) ?? { id: String((this.#knownCount += 1)), values: packValues(all.values()) }
    this.#known.set(all, known)
    return known
  }
}
