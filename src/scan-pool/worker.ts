/** Entry of a scanning thread: one message in, one answer out, one after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadSettings, ToThread } from './messages.ts'
import { createThreadReader } from './thread-reader.ts'

const answer = createThreadReader(workerData as ThreadSettings)
parentPort?.on('message', (message: ToThread) => parentPort?.postMessage(answer(message)))
