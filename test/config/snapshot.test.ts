import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { readRulesFiles } from '../../src/config/rules-files.ts'
import { configSchema } from '../../src/config/schema.ts'
import { buildSnapshot, hasIdentitySource } from '../../src/config/snapshot.ts'
import { recogniseDialect } from '../../src/dialects/registry.ts'
import type { ExchangeDecision } from '../../src/domain/decision.ts'
import type { PolicySnapshot } from '../../src/domain/policy-snapshot.ts'
import { headOfCase, type IdentifyCase } from '../catalogue/identify-case.ts'
import { NOW_MS, PROJECT, shippedState } from './shipped.ts'

interface ShippedCase extends IdentifyCase {
  readonly want: readonly string[]
}

const rows = parse(readFileSync(new URL('../cases/identify-shipped.yaml', import.meta.url), 'utf8')) as ShippedCase[]
/** Loaded once: the shipped catalogue is large. */
const shipped = await shippedState()
const client = { address: '10.0.0.1', user: null, groups: [], device: null, network: null, assurance: 'none' } as const

function decide(snapshot: PolicySnapshot, row: IdentifyCase): ExchangeDecision {
  const head = headOfCase(row)
  const identification = snapshot.identify(head)
  return snapshot.decideExchange({
    client,
    nowMs: NOW_MS,
    head,
    identification,
    seenDialect: recogniseDialect(head),
    body: null,
  })
}

t.test('real requests are the right tool under the shipped rules', async (t) => {
  const { snapshot } = shipped.rules
  for (const row of rows) {
    const { tool, toolVersion, via, purpose, dialect, tier, action } = decide(snapshot, row)
    t.same(
      [tool, toolVersion, via, purpose, dialect, tier, action].map((value) => value ?? '-'),
      row.want,
      row.title,
    )
  }
})

t.test('a block gives the notice of the shipped texts in the dialect of the request', async (t) => {
  const { snapshot } = shipped.rules
  const row = rows[0]
  if (row === undefined) throw new Error('no rows')
  const head = headOfCase(row)
  const decision = decide(snapshot, row)
  const notice = snapshot.renderNotice(decision, head, '01KC0EVENT')
  t.match(notice.line, /^Blocked by ACME policy: Claude Code.* is prohibited \(classed as high-risk software\)/)
  const answer = snapshot.answerWithNotice(notice, decision, head)
  t.equal(answer.status, 400)
  t.match(JSON.parse(Buffer.from(answer.body).toString()), { type: 'error', error: { message: notice.line } })
})

t.test('the snapshot says what it was made of', async (t) => {
  const { rules } = shipped
  t.match(rules.snapshot.revision, /^sha256:[0-9a-f]{64}$/)
  t.equal(rules.snapshot.catalogueRevision, rules.revisions.catalogue)
  t.equal(rules.snapshot.loadedAt, '2026-11-22T10:00:00.000Z')
  t.equal(rules.snapshot.mode, 'enforce')
  t.match(rules.snapshot.tierOf('claude-code'), { tier: 'prohibited', rule: 'assign:tool:claude-code' })
  t.ok(rules.counts.endpoints > 500)
  t.ok(rules.counts.detectors > 30)
  t.ok(rules.pacHosts.includes('api.anthropic.com'))
  t.notOk(rules.pacHosts.includes('github.com'), 'shared hosts are left out')
  t.match(rules.policyText, /^version: 1$/m)
  t.ok(Object.isFrozen(rules.snapshot))
})

t.test('the same rules have the same revision wherever they lie', async (t) => {
  const { config, rules } = shipped
  const files = await readRulesFiles(`${PROJECT}rules`, '/somewhere/else')
  const built = buildSnapshot({ files, config, isObserving: false, loadedAt: '' })
  t.equal(built.ok && built.rules.snapshot.revision, rules.snapshot.revision)
})

t.test('observing overrides the mode of the policy', async (t) => {
  const { config } = shipped
  const { files } = shipped.rules.made
  const built = buildSnapshot({ files, config, isObserving: true, loadedAt: '', previous: shipped.rules })
  t.equal(built.ok && built.rules.snapshot.mode, 'observe')
  const row = rows[0]
  const decision = built.ok && row !== undefined ? decide(built.rules.snapshot, row) : null
  t.match(decision, { action: 'log', would: 'block' })
})

t.test('the shipped detectors pass their own examples', async (t) => {
  const { config } = shipped
  const files = await readRulesFiles(`${PROJECT}rules`)
  const built = buildSnapshot({ files, config, isObserving: false, loadedAt: '', checkExamples: true })
  t.same(
    built.problems.filter((problem) => problem.severity === 'error'),
    [],
  )
})

t.test('one broken part breaks the whole, and the others are checked all the same', async (t) => {
  const { config } = shipped
  const { files } = shipped.rules.made
  const broken = buildSnapshot({
    files: {
      ...files,
      policy:
        files.policy === null
          ? null
          : { ...files.policy, document: { version: 1, assign: [{ tool: 'no-such-tool', tier: 'approved' }] } },
      detectors: files.detectors.map((source) => ({ ...source, document: { version: 9 } })),
      notices: [],
    },
    config,
    isObserving: false,
    loadedAt: '',
    previous: shipped.rules,
  })
  t.equal(broken.ok, false)
  const parts = new Set(
    broken.problems.filter((problem) => problem.severity === 'error').map((problem) => problem.part),
  )
  t.same([...parts].toSorted(), ['detectors', 'notices', 'policy'])
  const empty = buildSnapshot({
    files: { ...files, catalogue: [] },
    config,
    isObserving: false,
    loadedAt: '',
    previous: shipped.rules,
  })
  t.ok(empty.problems.some((problem) => /catalogue\/ holds no \.yaml files/.test(problem.message)))
})

t.test('parts whose files are unchanged are not compiled again', async (t) => {
  const { rules, config } = shipped
  const files = await readRulesFiles(config.rules.dir, rules.made.files.shown, rules.made.files)
  t.equal(files.catalogue[0], rules.made.files.catalogue[0], 'an unchanged file is the same object')
  const again = buildSnapshot({ files, config, isObserving: false, loadedAt: '', previous: rules })
  t.equal(again.ok && again.rules.made.catalogue, rules.made.catalogue)
  t.equal(again.ok && again.rules.detectors, rules.detectors)
  const filled = { ...config, catalogue: { templates: { 'ollama.host': 'gpu.corp.test' } } }
  const other = buildSnapshot({ files, config: filled, isObserving: false, loadedAt: '', previous: rules })
  t.equal(
    other.ok && other.rules.snapshot.lookupHost('gpu.corp.test', 443).isKnown,
    true,
    'templates count as a change',
  )
})

t.test('each source by which somebody can be known counts as one', (t) => {
  const tls = { chain: 'c.pem', key: 'k.pem' }
  const cases: [unknown, boolean][] = [
    [{}, false],
    [{ proxy: { tls } }, false],
    [{ proxy: { tls: { ...tls, clientAuth: 'request', clientCa: 'ca.pem' } } }, true],
    [{ identity: { map: 'map.yaml' } }, true],
    [{ identity: { authenticate: 'optional' } }, true],
    [{ identity: { trustedProxies: ['10.0.0.0/8'] } }, true],
  ]
  for (const [input, want] of cases) t.equal(hasIdentitySource(configSchema.parse(input)), want, JSON.stringify(input))
  t.end()
})
