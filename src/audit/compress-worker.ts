/** A worker thread with one errand: compress what is closed of one stream, say so, and end. */
import { parentPort, workerData } from 'node:worker_threads'
import { type Compressed, closedPlainFiles, compressFile } from './compress-segment.ts'

/** What the thread is started with, and what it posts for each file. */
export interface CompressErrand {
  readonly dir: string
  readonly stream: string
}

const port = parentPort
if (port === null) throw new Error('audit: compress-worker.ts runs as a worker thread only')
const { dir, stream } = workerData as CompressErrand
for (const file of closedPlainFiles(dir, stream)) port.postMessage(tried(file))

/** A file that cannot be compressed stays plain, and the next one gets its turn. */
function tried(file: string): Compressed {
  try {
    return compressFile(file)
  } catch (error) {
    return { ok: false, file, why: error instanceof Error ? error.message : String(error) }
  }
}
