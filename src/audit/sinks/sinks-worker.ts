/** The worker thread of the sinks: rendering, files and receivers cost the proxy's thread nothing. */
import { parentPort, workerData } from 'node:worker_threads'
import { createPersonReader, dataOf } from '../person-reader.ts'
import { whyOf } from './sink.ts'
import { SinkRunner } from './sink-runner.ts'
import type { FromSinksWorker, LogLevel, SinksWorkerSettings, ToSinksWorker } from './sinks-protocol.ts'

const STATUS_EVERY_MS = 1000
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
const runners = settings.sinks.flatMap((sink) => {
  try {
    return [
      new SinkRunner({
        settings: sink,
        dir: settings.dir,
        folder: settings.folder,
        durable: (stream) => (stream === settings.stream ? durableSeq : null),
        readPerson: createPersonReader(dataOf(settings.dir)),
        log,
        onChange: () => {
          hasChanged = true
        },
      }),
    ]
  } catch (error) {
    // One sink that cannot be begun is not to stop the others.
    log.error({ sink: sink.name, detail: whyOf(error) }, 'audit.sink-failing')
    return []
  }
})

function report(): void {
  const sinks = runners.map((runner) => runner.status())
  if (!hasChanged && sinks.every(({ behindEvents }) => behindEvents === 0)) return
  hasChanged = false
  tell({ kind: 'status', sinks })
}

async function close(): Promise<void> {
  clearInterval(reporting)
  await Promise.all(runners.map((runner) => runner.stop()))
  hasChanged = true
  report()
  port?.close()
}

const reporting = setInterval(report, STATUS_EVERY_MS)
port.on('message', (message: ToSinksWorker) => {
  switch (message.kind) {
    case 'durable':
      durableSeq = message.seq
      for (const runner of runners) runner.notify()
      break
    case 'checkpoint':
      for (const runner of runners) runner.checkpoint(message.checkpoint)
      break
    case 'close':
      close().catch((error: unknown) => logAt('error')({ err: error }, 'audit.sinks-failed'))
      break
  }
})
