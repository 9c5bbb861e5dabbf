/** The worker thread of the audit store: everything that SQLite blocks for, it blocks here. */
import { parentPort, workerData } from 'node:worker_threads'
import { QueryError } from './event-query.ts'
import { StoreEngine } from './store-engine.ts'
import type { FromWorker, Question, ToWorker, WorkerSettings } from './store-protocol.ts'

const DAY_MS = 86_400_000
const RETENTION_EVERY_MS = 6 * 3_600_000
/** How long a question may wait for the files to be read; beyond it the answer is what is known so far. */
const CATCH_UP_MS = 5000

const settings = workerData as WorkerSettings
const port = parentPort
if (port === null) throw new Error('audit: store-worker.ts runs as a worker thread only')
const tell = (message: FromWorker): void => port.postMessage(message)

const engine = new StoreEngine({
  ...settings,
  onRebuild: (why) => tell({ kind: 'event', event: 'audit.store-rebuilt', fields: { why } }),
})

let lastHealth = ''
function report(ok: boolean, detail: string | null): void {
  const said = `${String(ok)} ${detail ?? ''}`
  if (said === lastHealth) return
  lastHealth = said
  tell({ kind: 'health', ok, detail })
}

let isReading = false
/** One chunk at a time, so that questions get their turn while a store is built. */
function readOn(): void {
  isReading = guarded(() => engine.step())
  if (isReading) setImmediate(readOn)
}

function startReading(): void {
  if (isReading) return
  isReading = true
  setImmediate(readOn)
}

/** Does something with the store; health says how it went. `false` when it failed. */
function guarded(act: () => boolean): boolean {
  try {
    const result = act()
    report(true, null)
    return result
  } catch (error) {
    report(false, messageOf(error))
    return false
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function answer(question: Question): unknown {
  engine.catchUp(CATCH_UP_MS)
  switch (question.ask) {
    case 'query':
      return engine.query(question.query)
    case 'find':
      return engine.find(question.id)
    case 'lastSeen':
      return engine.lastSeen()
    case 'forget':
      return engine.forget(question.who)
    case 'sync':
      return null
  }
}

function removeOld(): void {
  const days = settings.retentionDays
  if (days === null) return
  guarded(() => {
    const removed = engine.retain(Date.now() - days * DAY_MS)
    if (removed.length > 0) tell({ kind: 'event', event: 'audit.retention', fields: { removed } })
    return true
  })
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'notify':
      startReading()
      break
    case 'question':
      try {
        tell({ kind: 'answer', number: message.number, value: answer(message.question) })
        report(true, null)
      } catch (error) {
        const isBadQuery = error instanceof QueryError
        if (!isBadQuery) report(false, messageOf(error))
        tell({ kind: 'refusal', number: message.number, message: messageOf(error), isBadQuery })
      }
      break
    case 'close':
      clearInterval(retention)
      guarded(() => engine.catchUp(CATCH_UP_MS))
      engine.close()
      port.close()
      break
  }
})

const retention = setInterval(removeOld, RETENTION_EVERY_MS)
startReading()
setImmediate(removeOld)
