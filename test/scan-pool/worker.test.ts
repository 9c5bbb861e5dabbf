import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'

t.test('a thread answers one message after the other', async (t) => {
  const worker = new Worker(new URL('../../src/scan-pool/worker.ts', import.meta.url), {
    workerData: { prefix: 'WEIR', depth: 1, budgetMs: 60_000 },
  })
  t.teardown(async () => worker.terminate())
  worker.postMessage({
    kind: 'rules',
    rules: 3,
    sources: { documents: [], tables: { dictionaries: [], fingerprints: [] } },
  })
  t.strictSame(await once(worker, 'message'), [{ kind: 'ready', rules: 3 }])
  worker.postMessage({
    kind: 'look',
    body: Buffer.from('{"model":'),
    contentType: 'application/json',
    dialect: 'openai-chat',
    known: null,
  })
  t.match(await once(worker, 'message'), [{ kind: 'found', inspection: { unread: 'unparsable' } }])
})
