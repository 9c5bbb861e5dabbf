/** A thread of the scan pool: one segment after the other. */
import { parentPort } from 'node:worker_threads'
import { UnreadableFile } from '../segment-text.ts'
import type { Segment } from '../segments.ts'
import type { ScanAnswer } from './scan-pool.ts'
import { scanSegment } from './scan-segment.ts'

const port = parentPort
if (port === null) throw new Error('audit: scan-worker.ts runs as a worker thread only')

port.on('message', (segment: Segment) => {
  try {
    const scan = scanSegment(segment)
    // Into memory of its own, which is handed over and not copied again.
    const leaves = Buffer.from(new ArrayBuffer(scan.leaves.length))
    scan.leaves.copy(leaves)
    port.postMessage({ ok: true, scan: { ...scan, leaves } } satisfies ScanAnswer, [leaves.buffer])
  } catch (error) {
    const file = error instanceof UnreadableFile ? error.file : segment.events
    port.postMessage({ ok: false, file, message: String(error) } satisfies ScanAnswer)
  }
})
