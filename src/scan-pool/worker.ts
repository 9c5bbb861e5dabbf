/** Entry of a scanning thread: one message in, one answer out, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread, ThreadSettings, ToThread } from './messages.ts'
import { buffersOf, packFindings } from './packed-findings.ts'
import { createThreadReader } from './thread-reader.ts'

const answer = createThreadReader(workerData as ThreadSettings)
parentPort?.on('message', (message: ToThread) => send(answer(message)))

/** More findings are packed. */
const FEW = 200

function send(message: FromThread): void {
  if (message.kind === 'restored') {
    const { body } = message.restored
    parentPort?.postMessage(message, body === null ? [] : [body.buffer as ArrayBuffer])
    return
  }
  if (message.kind !== 'found' || message.inspection.findings.length <= FEW) {
    parentPort?.postMessage(message)
    return
  }
  const packed = packFindings(message.inspection.findings)
  const inspection = { ...message.inspection, findings: [] }
  parentPort?.postMessage({ kind: 'found', inspection, packed } satisfies FromThread, buffersOf(packed))
}
