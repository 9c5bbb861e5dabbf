import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import type { FromWorker, ToWorker } from '../../src/audit/store-protocol.ts'
import { tunnel } from './events.ts'
import { filled } from './filled.ts'

t.test('answers each question under its number, refuses wrong ones, and ends when told', async (t) => {
  const at = await filled(t, [tunnel()])
  const worker = new Worker(new URL('../../src/audit/store-worker.ts', import.meta.url), {
    workerData: { dir: at.dir, file: at.file, retentionDays: null },
  })
  const heard: FromWorker[] = []
  worker.on('message', (message: FromWorker) => heard.push(message))
  const send = (message: ToWorker) => worker.postMessage(message)
  send({ kind: 'notify' })
  send({ kind: 'question', number: 7, question: { ask: 'query', query: { limit: 5, order: 'asc' } } })
  send({ kind: 'question', number: 8, question: { ask: 'query', query: { limit: 5, order: 'asc', cursor: '?' } } })
  send({ kind: 'question', number: 9, question: { ask: 'find', id: 'none' } })
  send({ kind: 'question', number: 10, question: { ask: 'lastSeen' } })
  send({ kind: 'question', number: 11, question: { ask: 'sync' } })
  send({ kind: 'close' })
  await once(worker, 'exit')
  const about = (number: number) => heard.find((message) => 'number' in message && message.number === number)
  t.match(about(7), { kind: 'answer', value: { items: [{ tool: 'lingma-qoder-cn' }], next: null } })
  t.match(about(8), { kind: 'refusal', isBadQuery: true })
  t.match(about(9), { kind: 'answer', value: null })
  t.match(about(10), { kind: 'answer', value: new Map([['lingma-qoder-cn', '2026-11-22T10:00:00.000Z']]) })
  t.match(about(11), { kind: 'answer', value: null })
  t.match(
    heard.filter(({ kind }) => kind === 'health'),
    [{ ok: true, detail: null }],
  )
})

t.test('it runs in no other place than a worker thread', async (t) => {
  await t.rejects(import('../../src/audit/store-worker.ts'), /worker thread only/)
})
