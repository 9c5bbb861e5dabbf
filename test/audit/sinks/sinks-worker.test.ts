import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { FromSinksWorker, SinksWorkerSettings, ToSinksWorker } from '../../../src/audit/sinks/sinks-protocol.ts'
import { singleOutcome } from '../events.ts'
import { filled } from '../filled.ts'
import { fileSettings } from './world.ts'

t.test(
  'it delivers what is durable, tells how the sinks are, and ends when told; one broken sink stops no other',
  async (t) => {
    const at = await filled(t, [singleOutcome(), singleOutcome()])
    const folder = join(at.data, 'sinks')
    mkdirSync(join(folder, 'broken.json'), { recursive: true })
    const workerData: SinksWorkerSettings = {
      dir: at.dir,
      folder,
      sinks: [
        fileSettings(join(at.data, 'a'), { name: 'broken' }),
        fileSettings(join(at.data, 'b'), { name: 'whole' }),
      ],
      stream: 'n1-w0',
      durableSeq: 1,
    }
    const worker = new Worker(new URL('../../../src/audit/sinks/sinks-worker.ts', import.meta.url), { workerData })
    const heard: FromSinksWorker[] = []
    worker.on('message', (message: FromSinksWorker) => heard.push(message))
    const send = (message: ToSinksWorker): void => worker.postMessage(message)
    send({ kind: 'durable', seq: 2 })
    send({ kind: 'close' })
    await once(worker, 'exit')
    t.match(
      heard.find(({ kind }) => kind === 'log'),
      { level: 'error', event: 'audit.sink-failing', fields: { sink: 'broken' } },
    )
    t.match(heard.at(-1), {
      kind: 'status',
      sinks: [{ failure: {} }, { name: 'whole', delivered: 2, behindEvents: 0 }],
    })
  },
)

t.test('it runs in no other place than a worker thread', async (t) => {
  await t.rejects(import('../../../src/audit/sinks/sinks-worker.ts'), /worker thread only/)
})
