/** Scans segments in threads, a little ahead of whoever takes them in order. */
import { Worker } from 'node:worker_threads'
import { UnreadableFile } from '../segment-text.ts'
import type { Segment } from '../segments.ts'
import { type SegmentScan, scanSegment } from './scan-segment.ts'

export interface ScanPool {
  /** A function that gives the scan of a segment; the next ones of the list are scanned meanwhile. */
  readonly inOrder: (segments: readonly Segment[]) => (segment: Segment) => Promise<SegmentScan>
  readonly close: () => Promise<void>
}

/** What the thread answers. */
export type ScanAnswer =
  | { readonly ok: true; readonly scan: SegmentScan }
  | { readonly ok: false; readonly file: string; readonly message: string }

/** Built files end in `.js`, sources in `.ts`, and so does the worker beside this file. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', import.meta.url)

/** `threads` 0: everything is scanned here, when it is asked for. */
export function openScanPool(threads: number): ScanPool {
  if (threads === 0) {
    return { inOrder: () => async (segment) => Promise.resolve(scanSegment(segment)), close: () => Promise.resolve() }
  }
  return new ThreadPool(threads)
}

class ThreadPool implements ScanPool {
  readonly #free: Worker[]
  readonly #all: readonly Worker[]
  readonly #waiting: ((worker: Worker) => void)[] = []

  constructor(threads: number) {
    this.#all = Array.from({ length: threads }, () => new Worker(WORKER))
    this.#free = [...this.#all]
  }

  inOrder = (segments: readonly Segment[]): ((segment: Segment) => Promise<SegmentScan>) => {
    const started = new Map<Segment, Promise<SegmentScan>>()
    const start = (segment: Segment): Promise<SegmentScan> => {
      const running = started.get(segment) ?? this.#scan(segment)
      // Whoever takes it hears of its failure; until then nobody must stumble over it.
      running.catch(() => undefined)
      started.set(segment, running)
      return running
    }
    return (segment) => {
      const at = segments.indexOf(segment)
      // As many ahead as there are threads: what is finished and not taken costs memory.
      for (const next of segments.slice(at, at + this.#all.length + 1)) start(next).catch(() => undefined)
      const running = start(segment)
      started.delete(segment)
      return running
    }
  }

  close = async (): Promise<void> => {
    await Promise.all(this.#all.map((worker) => worker.terminate()))
  }

  async #scan(segment: Segment): Promise<SegmentScan> {
    const worker = this.#free.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)))
    try {
      const answer = await ask(worker, segment)
      if (!answer.ok) throw new UnreadableFile(answer.file, answer.message)
      const { leaves } = answer.scan
      return { ...answer.scan, leaves: Buffer.from(leaves.buffer, leaves.byteOffset, leaves.byteLength) }
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free.push(worker)
      else next(worker)
    }
  }
}

function ask(worker: Worker, segment: Segment): Promise<ScanAnswer> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off('message', onMessage)
      worker.off('error', onError)
    }
    const onMessage = (answer: ScanAnswer): void => {
      done()
      resolve(answer)
    }
    const onError = (error: unknown): void => {
      done()
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.postMessage(segment)
  })
}
