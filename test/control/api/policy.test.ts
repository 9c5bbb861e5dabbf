import t from 'tap'
import { fakePorts, startControl } from '../fixture.ts'

t.test('the policy in force comes as IT wrote it, with what is wrong on disk', async (t) => {
  const problem = {
    file: 'rules/policy.yaml',
    line: 3,
    path: 'tiers',
    message: 'unknown tier',
    severity: 'error' as const,
  }
  const { get } = await startControl(t, { policy: { ...fakePorts().ports.policy, problems: () => [problem] } })
  t.strictSame((await get('/api/v1/policy')).json, {
    revision: 'sha256:aa',
    loadedAt: '2026-11-22T10:00:00.000Z',
    mode: 'enforce',
    source: 'version: 1\n',
    problems: [problem],
  })
})
