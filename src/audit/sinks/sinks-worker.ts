/** The worker thread of the sinks: rendering, files and receivers cost the proxy's thread nothing. */
import { parentPort, workerData } from 'node:worker_threads'
import { createPersonReader, dataOf } from '../person-reader.ts'
import type { SinkSettings } from './settings.ts'
import { SinkRunner } from './sink-runner.ts'
import { SinkSet } from './sink-set.ts'
import type { FromSinksWorker, LogLevel, SinksWorkerSettings, ToSinksWorker } from './sinks-protocol.ts'

const STATUS_EVERY_MS = 1000
/** How often a sink that could not be begun is tried again. */
const BEGIN_EVERY_MS = 10_000
const port = parentPort
if (port === null) throw new Error('audit: sinks-worker.ts runs as a worker thread only')
const tell = (message: FromSinksWorker): void => port.postMessage(message)

const settings = workerData as SinksWorkerSettings
let durableSeq = settings.durableSeq

const logAt =
  (level: LogLevel) =>
  (fields: Readonly<Record<string, unknown>>, event: string): void =>
    tell({ kind: 'log', level, event, fields })

let hasChanged = true
const log = { info: logAt('info'), warn: logAt('warn'), error: logAt('error') }
const set = new SinkSet({
  start: (sink) =>
    new SinkRunner({
      settings: sink,
      dir: settings.dir,
      folder: settings.folder,
      stream: settings.stream,
      durable: (stream) => (stream === settings.stream ? durableSeq : null),
      readPerson: createPersonReader(dataOf(settings.dir)),
      log,
      onChange: () => {
        hasChanged = true
      },
    }),
  log,
})

function report(): void {
  const sinks = set.status()
  if (!hasChanged && sinks.every(({ behindEvents }) => behindEvents === 0)) return
  hasChanged = false
  tell({ kind: 'status', sinks })
}

/** With an empty list the thread ends. */
async function change(list: readonly SinkSettings[]): Promise<void> {
  await set.set(list)
  hasChanged = true
  if (list.length === 0) await close()
  else report()
}

async function close(): Promise<void> {
  clearInterval(reporting)
  clearInterval(beginning)
  await set.stop()
  hasChanged = true
  report()
  port?.close()
}

const onFault = (error: unknown): void => log.error({ err: error }, 'audit.sinks-failed')
const reporting = setInterval(report, STATUS_EVERY_MS)
const beginning = setInterval(() => {
  set.again().catch(onFault)
}, BEGIN_EVERY_MS)
set.set(settings.sinks).catch(onFault)
port.on('message', (message: ToSinksWorker) => {
  switch (message.kind) {
    case 'durable':
      durableSeq = message.seq
      set.notify()
      break
    case 'sinks':
      change(message.sinks).catch(onFault)
      break
    case 'checkpoint':
      set.checkpoint(message.checkpoint).catch(onFault)
      break
    case 'close':
      close().catch(onFault)
      break
  }
})
