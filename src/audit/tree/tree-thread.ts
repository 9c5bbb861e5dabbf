/** The tree of a stream as the rest of Weir sees it: told up to where lines are durable, it signs checkpoints beside. */
import { Worker } from 'node:worker_threads'
import type { Logger } from '../../flow/ports.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { FromTree, ToTree, TreeSettings } from './tree-protocol.ts'

const RESTART_MS = 5000

/** A checkpoint that is durable, as it is handed on; `root` in base64, `note` is what is to be kept. */
export interface MadeCheckpoint extends Omit<Checkpoint, 'root'> {
  readonly root: string
  readonly note: string
}

export interface TreeOptions {
  /** Folder of the event files. */
  readonly dir: string
  readonly stream: string
  /** The key that signs; made when missing. */
  readonly keyFile: string
  /** At most this long between two checkpoints while there are new events. */
  readonly checkpointMs: number
  readonly log?: Logger
  readonly onCheckpoint?: (checkpoint: MadeCheckpoint) => void
  /** The files do not fit what was signed. */
  readonly onBroken?: (detail: string) => void
}

export interface TreeThread {
  /** Lines up to this one are durable. Costs next to nothing: call it after every group. */
  readonly committed: (seq: number) => void
  readonly health: () => { readonly ok: boolean; readonly detail: string | null }
  /** Sign what is left and end. Close the spool first. */
  readonly close: () => Promise<void>
}

/** Built files end in `.js`, sources in `.ts`, and so does the worker beside this file. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './tree-worker.ts' : './tree-worker.js', import.meta.url)

/** Start the thread. Never throws: what is wrong, `health` says. */
export const openTree = (options: TreeOptions): TreeThread => new TreeWorker(options)

class TreeWorker implements TreeThread {
  readonly #options: TreeOptions
  readonly #settings: TreeSettings
  readonly #durable: BigInt64Array
  #worker: Worker | null
  #health: { readonly ok: boolean; readonly detail: string | null } = { ok: true, detail: null }
  #isBroken = false
  #isClosing = false
  #onClosed: () => void = () => undefined

  constructor(options: TreeOptions) {
    const { dir, stream, keyFile, checkpointMs } = options
    const durable = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT)
    this.#options = options
    this.#durable = new BigInt64Array(durable)
    this.#settings = { dir, stream, keyFile, checkpointMs, durable }
    this.#worker = this.#start()
  }

  // A message for every group would cost the data plane more than the tree costs the thread.
  committed = (seq: number): void => {
    Atomics.store(this.#durable, 0, BigInt(seq))
  }

  health = (): { readonly ok: boolean; readonly detail: string | null } => this.#health

  close = (): Promise<void> =>
    new Promise((resolve) => {
      this.#isClosing = true
      this.#onClosed = resolve
      if (this.#worker === null) resolve()
      else this.#worker.postMessage({ kind: 'close' } satisfies ToTree)
    })

  #start(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#settings })
    worker.on('message', (message: FromTree) => this.#hear(message))
    worker.on('error', (error) => {
      this.#health = { ok: false, detail: (error as Error).message }
      this.#options.log?.error({ err: error }, 'audit.tree-failed')
    })
    worker.on('exit', () => this.#onExit())
    return worker
  }

  #onExit(): void {
    this.#worker = null
    this.#onClosed()
    if (this.#isClosing) return
    setTimeout(() => {
      if (!this.#isClosing) this.#worker = this.#start()
    }, RESTART_MS).unref()
  }

  #hear(message: FromTree): void {
    const { log } = this.#options
    switch (message.kind) {
      case 'checkpoint':
        this.#handOn(message.checkpoint, message.note)
        break
      case 'health':
        this.#health = { ok: message.ok, detail: message.detail }
        if (!message.ok) log?.error({ detail: message.detail }, 'audit.tree-failed')
        break
      case 'broken':
        this.#break(message.detail)
        break
      case 'rebuilt':
        log?.warn({ size: message.size }, 'audit.tiles-rebuilt')
        break
    }
  }

  #handOn({ origin, size, root }: Checkpoint, note: string): void {
    this.#options.onCheckpoint?.({ origin, size, root: Buffer.from(root).toString('base64'), note })
  }

  #break(detail: string): void {
    this.#options.log?.error({ detail }, 'audit.tree-broken')
    if (!this.#isBroken) this.#options.onBroken?.(detail)
    this.#isBroken = true
  }
}
