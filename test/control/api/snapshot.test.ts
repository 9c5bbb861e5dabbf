import t from 'tap'
import { startControl } from '../fixture.ts'

t.test('revisions and counts of what is loaded', async (t) => {
  const { get } = await startControl(t)
  t.strictSame((await get('/api/v1/snapshot')).json, {
    revision: 'sha256:aa',
    catalogueRevision: 'sha256:bb',
    tools: 3,
    endpoints: 9,
    detectors: 30,
    exemptions: 0,
  })
})
