import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'

t.test('posts what became of each closed file, and ends by itself', async (t) => {
  const dir = t.testdir({
    'events-s-000000000001.jsonl': 'a\n',
    'events-s-000000000002.jsonl': 'cut short',
    'events-s-000000000003.jsonl': 'newest\n',
  })
  const worker = new Worker(new URL('../../src/audit/compress-worker.ts', import.meta.url), {
    workerData: { dir, stream: 's' },
  })
  const heard: unknown[] = []
  worker.on('message', (message: unknown) => heard.push(message))
  await once(worker, 'exit')
  t.match(heard, [
    { ok: true, textBytes: 2 },
    { ok: false, why: /end in a line/ },
  ])
})

t.test('it runs in no other place than a worker thread', async (t) => {
  await t.rejects(import('../../src/audit/compress-worker.ts'), /worker thread only/)
})
