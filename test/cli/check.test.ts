import { join } from 'node:path'
import t from 'tap'
import { run } from '../../src/cli/check.ts'
import { smallRules } from '../config/small-rules.ts'
import { fakeIo } from './fake-io.ts'

const broken = {
  ...smallRules(),
  'policy.yaml': 'version: 1\ncompany: ACME\nassign:\n  - { tool: nobody, tier: approved }\n',
}
const withTemplate = {
  ...smallRules(),
  catalogue: {
    'alpha.yaml':
      String((smallRules()['catalogue'] as Record<string, string>)['alpha.yaml']) +
      "      - { host: '{tenant}.alpha.test', purpose: web }\n",
  },
}

t.test('when all is well it says what was loaded', async (t) => {
  const io = fakeIo(t.testdir({ rules: smallRules() }))
  t.equal(await run([], io), 0)
  t.match(io.out(), /^all is well: 1 tools, 1 endpoints, 0 detectors, mode enforce\npolicy revision sha256:/)
  t.equal(io.err(), '')
})

t.test('every problem is a line with file and line, and the exit code is 1', async (t) => {
  const io = fakeIo(t.testdir({ rules: broken, 'weir.yaml': 'workers: 0\n' }))
  t.equal(await run([], io), 1)
  t.match(io.err(), /^error: weir\.yaml:1: workers: /m)
  t.match(io.err(), /^error: rules\/policy\.yaml:4: assign\[0\]\.tool: .*nobody/m)
  t.match(io.err(), /\n2 errors, 0 warnings\n$/)
  t.equal(io.out(), '')
})

t.test('warnings fail only when asked to', async (t) => {
  const cwd = t.testdir({ rules: withTemplate })
  const mild = fakeIo(cwd)
  t.equal(await run([], mild), 0)
  t.match(mild.err(), /^warning: rules\/catalogue\/alpha\.yaml:\d+: .*inactive/m)
  t.equal(await run(['--strict'], fakeIo(cwd)), 1)
})

t.test('a path may be a configuration, a folder with one, or a rules folder', async (t) => {
  const cwd = t.testdir({ rules: broken, good: smallRules(), conf: { 'weir.yaml': 'rules: { dir: ../good }\n' } })
  t.equal(await run(['good'], fakeIo(cwd)), 0)
  t.equal(await run(['good/policy.yaml'], fakeIo(cwd)), 0)
  t.equal(await run(['conf'], fakeIo(cwd)), 0)
  t.equal(await run(['conf/weir.yaml'], fakeIo(cwd)), 0)
  t.equal(await run(['--config', 'conf/weir.yaml'], fakeIo(cwd)), 0)
  t.equal(await run(['rules'], fakeIo(cwd)), 1)
})

t.test('what cannot be read is 3, wrong usage is 2, help is 0', async (t) => {
  const cwd = t.testdir({})
  const missing = fakeIo(cwd)
  t.equal(await run(['nowhere'], missing), 3)
  t.match(missing.err(), /cannot read `nowhere`/)
  const [noConfig, aFolder] = [fakeIo(cwd), fakeIo(cwd)]
  t.equal(await run(['.', '--config', 'nowhere.yaml'], noConfig), 3)
  t.match(noConfig.err(), /cannot read `nowhere\.yaml`/, 'the one that is wrong is named')
  t.equal(await run(['--config', '.'], aFolder), 3)
  t.match(aFolder.err(), /`\.` is a folder: --config takes a file/)
  t.equal(await run(['--nonsense'], fakeIo(cwd)), 2)
  t.equal(await run(['a', 'b'], fakeIo(cwd)), 2)
  const help = fakeIo(cwd)
  t.equal(await run(['--help'], help), 0)
  t.match(help.out(), /usage: weir check/)
})

t.test('as JSON the answer is one object', async (t) => {
  const good = fakeIo(t.testdir({ rules: smallRules() }))
  t.equal(await run(['--json'], good), 0)
  t.match(JSON.parse(good.out()), { ok: true, problems: [], tools: 1, mode: 'enforce' })
  const bad = fakeIo(t.testdir({ rules: broken }))
  t.equal(await run(['--json'], bad), 1)
  t.match(JSON.parse(bad.out()), { ok: false, problems: [{ file: 'rules/policy.yaml', line: 4, severity: 'error' }] })
})

t.test("the company's own CA is opened as well", async (t) => {
  const cwd = t.testdir({ rules: smallRules(), 'weir.yaml': 'certs: { chain: none.pem, key: none.key }\n' })
  const io = fakeIo(cwd)
  t.equal(await run([], io), 1)
  t.match(io.err(), new RegExp(`^error: ${join(cwd, 'none.')}`, 'm'))
})
