import t from 'tap'

t.test('it runs as a thread only', async (t) => {
  await t.rejects(import('../../../src/audit/tree/scan-worker.ts'), /worker thread only/)
})
