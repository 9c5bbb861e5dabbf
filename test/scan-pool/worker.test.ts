import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { Inspection } from '../../src/domain/finding.ts'
import { allAtOnce } from '../../src/domain/work-turns.ts'
import type { ToThread } from '../../src/scan-pool/messages.ts'
import { type PackedFindings, unpackingFindings } from '../../src/scan-pool/packed-findings.ts'
import { packValues } from '../../src/scan-pool/packed-values.ts'

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

t.test('many findings come packed', async (t) => {
  const worker = new Worker(new URL('../../src/scan-pool/worker.ts', import.meta.url), {
    workerData: { prefix: 'WEIR', depth: 1, budgetMs: 60_000 },
  })
  t.teardown(async () => worker.terminate())
  const values = packValues([{ value: 'the-value', detector: 'kept', severity: 'high' }])
  worker.postMessage({
    kind: 'look',
    body: Buffer.from('the-value '.repeat(1000)),
    contentType: 'text/plain',
    dialect: 'generic',
    known: { id: '1', values },
  } satisfies ToThread)
  const [answer] = (await once(worker, 'message')) as [{ inspection: Inspection; packed: PackedFindings }]
  t.strictSame(answer.inspection.findings, [])
  const findings = allAtOnce(unpackingFindings(answer.packed))
  t.equal(findings.length, 1000)
  t.match(findings.at(-1), { detector: 'kept', start: 9990, end: 9999 })
})
