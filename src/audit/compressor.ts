/**
 * Compresses closed audit files in a thread of its own, which lives as long as the errand takes: neither the proxy nor
 * the store waits for it, and between two rotations it costs nothing.
 */
import { basename } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../flow/ports.ts'
import { type Compressed, closedPlainFiles } from './compress-segment.ts'

export interface Compressor {
  /** Compress what is closed by now. Cheap: call it at start and after every rotation. */
  readonly run: () => void
  /** Resolves once nothing is being compressed; for tests. */
  readonly idle: () => Promise<void>
  /** End at once, also in the middle of a file: the next start begins it anew. */
  readonly close: () => Promise<void>
}

export interface CompressorOptions {
  /** Folder of the event files. */
  readonly dir: string
  /** The stream that this process writes; the newest segment of it stays plain. */
  readonly stream: string
  readonly log?: Logger
}

/** Built files end in `.js`, sources in `.ts`, and so does the worker beside this file. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './compress-worker.ts' : './compress-worker.js',
  import.meta.url,
)

/** Nothing happens before the first `run`. */
export function createCompressor({ dir, stream, log }: CompressorOptions): Compressor {
  let worker: Worker | null = null
  let ended: Promise<void> = Promise.resolve()
  let isWantedAgain = false
  let isClosed = false

  const start = (): void => {
    isWantedAgain = false
    const running = new Worker(WORKER, { workerData: { dir, stream } })
    worker = running
    running.on('message', (done: Compressed) => say(log, done))
    running.on('error', (error) => log?.error({ err: error }, 'audit.compress-failed'))
    ended = new Promise((resolve) => {
      running.on('exit', () => {
        worker = null
        if (isWantedAgain && !isClosed) start()
        resolve()
      })
    })
  }
  return {
    run: () => {
      if (isClosed) return
      if (worker === null && !hasWork(dir, stream)) return
      if (worker === null) start()
      else isWantedAgain = true
    },
    idle: async () => {
      while (worker !== null) await ended
    },
    close: async () => {
      isClosed = true
      await worker?.terminate()
    },
  }
}

/** A thread for nothing would cost each start a tenth of a second of processor time. What cannot be read, the thread says. */
function hasWork(dir: string, stream: string): boolean {
  try {
    return closedPlainFiles(dir, stream).length > 0
  } catch {
    return true
  }
}

function say(log: Logger | undefined, done: Compressed): void {
  const file = basename(done.file)
  if (done.ok) log?.info({ file, textBytes: done.textBytes, fileBytes: done.fileBytes }, 'audit.segment-compressed')
  else log?.warn({ file, why: done.why }, 'audit.compress-failed')
}
