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

/** `threads` 0: everything is scanned here, when it is asked for. `program`: of the threads. */
export function openScanPool(threads: number, program = WORKER): ScanPool {
  if (threads === 0) {
    return { inOrder: () => async (segment) => Promise.resolve(scanSegment(segment)), close: () => Promise.resolve() }
  }
  return new ThreadPool(threads, program)
}

class ThreadPool implements ScanPool {
  readonly #program: URL
  readonly #free: Worker[]
  readonly #all: Set<Worker>
  readonly #waiting: ((worker: Worker) => void)[] = []

  constructor(threads: number, program: URL) {
    this.#program = program
    this.#all = new Set(Array.from({ length: threads }, () => new Worker(program)))
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
      for (const next of segments.slice(at, at + this.#all.size + 1)) start(next).catch(() => undefined)
      const running = start(segment)
      started.delete(segment)
      return running
    }
  }

  close = async (): Promise<void> => {
    await Promise.all([...this.#all].map((worker) => worker.terminate()))
  }

  async #scan(segment: Segment): Promise<SegmentScan> {
    let worker = this.#free.pop() ?? (await new Promise<Worker>((resolve) => this.#waiting.push(resolve)))
    try {
      const answer = await ask(worker, segment)
      if (answer === 'ended') {
        // Whoever gave it to the next one would wait for an answer that never comes.
        this.#all.delete(worker)
        worker = new Worker(this.#program)
        this.#all.add(worker)
        throw new UnreadableFile(segment.events, 'the thread that read it came to an end')
      }
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

/** `ended`: by an error that it could not catch, such as too little memory. */
function ask(worker: Worker, segment: Segment): Promise<ScanAnswer | 'ended'> {
  return new Promise((resolve) => {
    const done = (answer: ScanAnswer | 'ended'): void => {
      worker.off('message', done)
      worker.off('exit', onEnd)
      worker.off('error', onEnd)
      resolve(answer)
    }
    const onEnd = (): void => done('ended')
    worker.on('message', done)
    worker.on('error', onEnd)
    worker.on('exit', onEnd)
    worker.postMessage(segment)
  })
}
