import t, { type Test } from 'tap'
import { type ControlParts, createControlPorts } from '../../src/cli/control-ports.ts'
import type { StateWatch } from '../../src/config/watch.ts'
import type { Problem } from '../../src/domain/settings.ts'
import { createReadiness } from '../../src/observe/health.ts'
import { createLogger } from '../../src/observe/log.ts'
import { loadWith } from '../config/shipped.ts'
import { policyWith, smallRules } from '../config/small-rules.ts'
import { fakePorts } from '../control/fixture.ts'

const warning: Problem = { file: 'f', line: 1, path: '', message: 'at the start', severity: 'warning' }

async function stateIn(t: Test, tier: string) {
  const loaded = await loadWith({ cwd: t.testdir({ rules: { ...smallRules(), 'policy.yaml': policyWith(tier) } }) })
  if (!loaded.ok) throw new Error('broken rules')
  return loaded.state
}

async function partsOf(t: Test, change: Partial<ControlParts> = {}): Promise<ControlParts> {
  const state = await stateIn(t, 'prohibited')
  const none: readonly Problem[] = []
  return {
    feedback: fakePorts().ports.feedback,
    discover: fakePorts().ports.discover,
    sealed: fakePorts().ports.sealed,
    persons: fakePorts().ports.persons,
    store: {
      query: () => Promise.reject(new Error()),
      find: () => Promise.resolve(null),
      lastSeen: () => Promise.reject(new Error()),
      facets: () => Promise.reject(new Error()),
      histogram: () => Promise.reject(new Error()),
    },
    watch: { current: () => state, problems: () => none },
    warnings: [warning],
    readiness: createReadiness({
      spool: () => true,
      store: () => true,
      tree: () => true,
      ca: () => true,
      rules: () => true,
    }),
    metrics: { scrape: () => Promise.resolve('m') },
    authority: { rootPem: () => 'pem' },
    record: () => undefined,
    recordFirst: () => Promise.resolve(),
    log: createLogger({ level: 'silent', destination: { write: () => true } }),
    listens: () => [],
    nowMs: () => 0,
    ...change,
  }
}

t.test('the PAC file names what is listened on, and nothing before the start', async (t) => {
  t.strictSame(createControlPorts(await partsOf(t)).pac(null).proxies, [])
  const listens = () => [{ entry: { kind: 'proxy' } as const, host: '::1', port: 3128 }]
  t.strictSame(createControlPorts(await partsOf(t, { listens })).pac(null).proxies, [
    { keyword: 'PROXY', host: '::1', port: 3128 },
  ])
})

t.test('problems are those of the start until the first reload, then those of the last one', async (t) => {
  const parts = await partsOf(t)
  let problems: readonly Problem[] = []
  const watch: ControlParts['watch'] = { current: parts.watch.current, problems: () => problems }
  const { policy } = createControlPorts({ ...parts, watch })
  t.strictSame(policy.problems(), [warning])
  problems = []
  t.strictSame(policy.problems(), [], 'a reload without problems')
})

t.test('what it answers follows the rules in force', async (t) => {
  const parts = await partsOf(t)
  let state = parts.watch.current()
  const watch: Pick<StateWatch, 'current' | 'problems'> = { current: () => state, problems: () => [] }
  const { policy, pac, ca } = createControlPorts({ ...parts, watch })
  const ask = () => policy.explain({ url: 'https://api.alpha.test/v1/messages', method: 'POST' })
  t.match(ask(), { ok: true, explanation: { tier: 'prohibited', action: 'block' } })
  t.match(policy.counts(), { endpoints: 1, detectors: 0 })
  t.strictSame(pac(null).hosts, ['api.alpha.test'])
  t.equal(ca.rootPem(), 'pem')
  const before = policy.current().revision
  state = await stateIn(t, 'approved')
  t.match(ask(), { ok: true, explanation: { tier: 'approved', action: 'allow' } })
  t.not(policy.current().revision, before)
  t.match(policy.source(), /tier: approved/u)
})
