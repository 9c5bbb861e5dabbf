import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadState, type StateOptions } from '../../src/config/state.ts'
import { type ReloadReport, type StateWatch, watchState } from '../../src/config/watch.ts'
import { compileNetworkMap } from '../../src/identity/network-map.ts'
import { NOW_MS } from './shipped.ts'
import { CATALOGUE, policyWith, smallRules } from './small-rules.ts'

interface Watched {
  readonly watch: StateWatch
  /** The next report that nobody has taken yet. */
  readonly report: () => Promise<ReloadReport>
  readonly reports: ReloadReport[]
}

async function watched(t: { teardown: (close: () => void) => void }, cwd: string): Promise<Watched> {
  const load: StateOptions = { flags: {}, env: {}, cwd, compileIdentity: compileNetworkMap, nowMs: () => NOW_MS }
  const initial = await loadState(load)
  if (!initial.ok) throw new Error(JSON.stringify(initial.problems))
  const reports: ReloadReport[] = []
  const waiting: ((report: ReloadReport) => void)[] = []
  const watch = watchState({
    initial: initial.state,
    load,
    debounceMs: 20,
    onReport: (report) => {
      const next = waiting.shift()
      if (next === undefined) reports.push(report)
      else next(report)
    },
  })
  // Watching does not keep a process alive, and here nothing else does.
  const alive = setInterval(() => undefined, 1000)
  t.teardown(() => {
    clearInterval(alive)
    watch.close()
  })
  const report = (): Promise<ReloadReport> => {
    const first = reports.shift()
    return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first)
  }
  return { watch, report, reports }
}

const tierNow = ({ watch }: Watched): string => watch.current().rules.snapshot.tierOf('alpha-cli').tier

t.test('a changed policy takes effect by itself and is reported with its revisions', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const it = await watched(t, cwd)
  const before = it.watch.current()
  t.equal(tierNow(it), 'prohibited')
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), policyWith('approved'))
  const report = await it.report()
  // The revision that the events of requests carry, so that the two can be joined.
  t.match(report, { what: 'policy', ok: true, by: 'file', problems: [], from: before.rules.snapshot.revision })
  t.equal(report.to, it.watch.current().rules.snapshot.revision)
  t.not(report.to, report.from)
  t.equal(tierNow(it), 'approved')
  t.equal(before.rules.snapshot.tierOf('alpha-cli').tier, 'prohibited', 'a flow that runs keeps its snapshot')
})

t.test('a broken file keeps the old rules whole, and says why; its repair takes effect', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const it = await watched(t, cwd)
  const before = it.watch.current()
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), 'version: 1\nassign: [{ tool: nobody, tier: mild }]\n')
  writeFileSync(join(cwd, 'rules', 'catalogue', 'alpha.yaml'), 'version: 3\n')
  await it.watch.reload('signal')
  const broken = [await it.report(), await it.report()]
  t.same(broken.map((report) => report.what).toSorted(), ['catalogue', 'policy'])
  for (const report of broken) t.match(report, { ok: false, to: null })
  t.ok(broken.every((report) => report.problems.some((problem) => problem.line !== null)))
  t.ok(broken.every((report) => report.problems.every((problem) => problem.severity === 'error')))
  t.equal(it.watch.current(), before, 'not a single part was swapped')
  t.ok(it.watch.problems().length >= 2)
  writeFileSync(join(cwd, 'rules', 'catalogue', 'alpha.yaml'), CATALOGUE)
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), policyWith('restricted'))
  await it.watch.reload('signal')
  t.equal(tierNow(it), 'restricted')
})

t.test('a broken file that is put back as it was is told, so that nobody looks for it any more', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const it = await watched(t, cwd)
  const revision = it.watch.current().rules.snapshot.revision
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), 'version: 1\nassign: [{ tool: nobody, tier: mild }]\n')
  t.match(await it.report(), { what: 'policy', ok: false })
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), policyWith('prohibited'))
  t.match(await it.report(), { what: 'policy', ok: true, from: revision, to: revision, problems: [] })
  await it.watch.reload('file')
  t.strictSame(it.reports, [], 'told once')
})

t.test('terms and fingerprints that rules name are watched as well', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const folder = join(cwd, 'rules', 'detectors')
  const rule = '{ id: own-terms, name: Own terms, severity: high, dictionary: own.txt }'
  writeFileSync(join(folder, 'own.yaml'), `version: 1\ndetectors: [${rule}]\n`)
  writeFileSync(join(folder, 'own.txt'), 'kessler\n')
  const it = await watched(t, cwd)
  const found = (): number => it.watch.current().rules.detectors.scan('the heron project', () => false).matches.length
  t.equal(found(), 0)
  writeFileSync(join(folder, 'own.txt'), 'kessler\nheron\n')
  t.match(await it.report(), { what: 'detectors', ok: true, by: 'file' })
  t.equal(found(), 1)
  writeFileSync(join(folder, 'own.fp'), 'no fingerprints, and nobody names them')
  t.match(await it.report(), { what: 'detectors', ok: true, by: 'file' })
})

t.test('who asks for a reload gets an answer also when nothing was new', async (t) => {
  const it = await watched(t, t.testdir({ rules: smallRules() }))
  await it.watch.reload('signal')
  t.match(await it.report(), { what: 'rules', ok: true, by: 'signal' })
  await it.watch.reload('api')
  t.match(await it.report(), { what: 'rules', ok: true, by: 'api' })
})

t.test('a new catalogue file is found', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const it = await watched(t, cwd)
  const beta = CATALOGUE.replaceAll('alpha', 'beta')
  writeFileSync(join(cwd, 'rules', 'catalogue', 'beta.yaml'), beta)
  t.match(await it.report(), { what: 'catalogue', ok: true })
  t.ok(it.watch.current().rules.snapshot.tools.has('beta-cli'))
})

t.test('links that are exchanged, as Kubernetes does, are followed', async (t) => {
  const cwd = t.testdir({
    rules: {
      ...smallRules(),
      '..1': { 'policy.yaml': policyWith('restricted') },
      '..2': { 'policy.yaml': policyWith('approved') },
    },
  })
  const rules = join(cwd, 'rules')
  rmSync(join(rules, 'policy.yaml'))
  symlinkSync('..1', join(rules, '..data'))
  symlinkSync('..data/policy.yaml', join(rules, 'policy.yaml'))
  const it = await watched(t, cwd)
  t.equal(tierNow(it), 'restricted')
  symlinkSync('..2', join(rules, '..data_tmp'))
  renameSync(join(rules, '..data_tmp'), join(rules, '..data'))
  t.match(await it.report(), { what: 'policy', ok: true })
  t.equal(tierNow(it), 'approved')
})

t.test('a rules folder that is exchanged whole is followed, also the next time', async (t) => {
  const cwd = t.testdir({ rules: smallRules(), next: { ...smallRules(), 'policy.yaml': policyWith('restricted') } })
  const it = await watched(t, cwd)
  renameSync(join(cwd, 'rules'), join(cwd, 'old'))
  renameSync(join(cwd, 'next'), join(cwd, 'rules'))
  let report = await it.report()
  // Between the two steps there was no folder, which may have been seen.
  while (!report.ok) report = await it.report()
  t.equal(tierNow(it), 'restricted')
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), policyWith('approved'))
  t.match(await it.report(), { what: 'policy', ok: true })
  t.equal(tierNow(it), 'approved')
})

t.test('the configuration and the network map are watched too', async (t) => {
  const cwd = t.testdir({
    rules: smallRules(),
    'weir.yaml': 'identity: { map: net.yaml }\n',
    'net.yaml': '- { cidr: 10.0.0.0/8, user: ann }\n',
  })
  const it = await watched(t, cwd)
  t.equal(it.watch.current().identity.identify('10.1.1.1').user, 'ann')
  writeFileSync(join(cwd, 'net.yaml'), '- { cidr: 10.0.0.0/8, user: bob }\n')
  t.match(await it.report(), { what: 'identity', ok: true })
  t.equal(it.watch.current().identity.identify('10.1.1.1').user, 'bob')
  writeFileSync(
    join(cwd, 'weir.yaml'),
    'identity: { map: net.yaml }\nproxy: { maxHeaders: 50 }\nnotice: { contact: it@acme.test }\n',
  )
  t.match(await it.report(), {
    what: 'config',
    ok: true,
    problems: [{ path: 'proxy', severity: 'warning', message: /after a restart/ }],
  })
  t.equal(it.watch.current().config.notice.contact, 'it@acme.test')
  writeFileSync(join(cwd, 'weir.yaml'), 'nonsense: 1\n')
  t.match(await it.report(), { what: 'config', ok: false, problems: [{ path: 'nonsense', line: 1 }] })
  t.equal(it.watch.current().config.notice.contact, 'it@acme.test')
})

t.test('after closing nothing changes any more', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const it = await watched(t, cwd)
  it.watch.close()
  writeFileSync(join(cwd, 'rules', 'policy.yaml'), policyWith('approved'))
  await it.watch.reload('signal')
  t.equal(tierNow(it), 'prohibited')
  t.same(it.reports, [])
})

t.test('a folder that cannot be watched is told', async (t) => {
  const cwd = t.testdir({ rules: smallRules() })
  const load: StateOptions = { flags: {}, env: {}, cwd, compileIdentity: compileNetworkMap, nowMs: () => NOW_MS }
  const initial = await loadState(load)
  if (!initial.ok) throw new Error('not loaded')
  rmSync(join(cwd, 'rules', 'notices'), { recursive: true })
  mkdirSync(join(cwd, 'other'))
  const folders: string[] = []
  const watch = watchState({
    initial: initial.state,
    load,
    onReport: () => undefined,
    onWatchError: (folder) => folders.push(folder),
  })
  t.teardown(() => watch.close())
  t.same(folders, [join(cwd, 'rules', 'notices')])
})
