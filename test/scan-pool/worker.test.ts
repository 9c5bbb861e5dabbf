import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { Inspection } from '../../src/domain/finding.ts'
import { encodeFingerprints, inSharedMemory } from '../../src/inspect/fingerprint-file.ts'
import { fingerprintsOf } from '../../src/inspect/fingerprints.ts'
import type { ToThread } from '../../src/scan-pool/messages.ts'
import { type PackedFindings, unpackFindings } from '../../src/scan-pool/packed-findings.ts'
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

t.test('a thread knows the fingerprints in memory that it shares, and the terms of dictionaries', async (t) => {
  const worker = new Worker(new URL('../../src/scan-pool/worker.ts', import.meta.url), {
    workerData: { prefix: 'WEIR', depth: 1, budgetMs: 60_000 },
  })
  t.teardown(async () => worker.terminate())
  const source = readFileSync(new URL('../../src/inspect/overlap.ts', import.meta.url), 'utf8')
  const detectors = [
    { id: 'own-source', name: 'Own source', severity: 'high', fingerprints: 'own.fp' },
    { id: 'own-words', name: 'Own words', severity: 'high', dictionary: 'own.txt' },
  ]
  const bytes = inSharedMemory(encodeFingerprints(fingerprintsOf(source)))
  worker.postMessage({
    kind: 'rules',
    rules: 3,
    sources: {
      documents: [{ file: 'own.yaml', document: { version: 1, detectors } }],
      tables: {
        dictionaries: [{ file: 'own.txt', name: 'own.txt', text: 'Blue Bird' }],
        fingerprints: [{ file: 'own.fp', name: 'own.fp', text: 'x', bytes }],
      },
    },
  } satisfies ToThread)
  t.strictSame(await once(worker, 'message'), [{ kind: 'ready', rules: 3 }])
  const text = `${'x '.repeat(200_000)}Blue Bird\n${source}`
  worker.postMessage({
    kind: 'look',
    body: Buffer.from(text),
    contentType: 'text/plain',
    dialect: 'generic',
    known: null,
  } satisfies ToThread)
  const [{ inspection }] = (await once(worker, 'message')) as [{ inspection: Inspection }]
  t.strictSame(
    inspection.findings.map(({ detector }) => detector),
    ['own-words', 'own-source'],
  )
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
  const findings = [...unpackFindings(answer.packed)]
  t.equal(findings.length, 1000)
  t.match(findings.at(-1), { detector: 'kept', start: 9990, end: 9999 })
})
