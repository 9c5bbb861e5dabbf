import { join } from 'node:path'
import t from 'tap'
import { shownPath, watchedFolders } from '../../src/config/state.ts'
import { loadWith } from './shipped.ts'
import { smallRules } from './small-rules.ts'

t.test('configuration, rules and network map are loaded together', async (t) => {
  const cwd = t.testdir({
    rules: smallRules(),
    'weir.yaml': 'identity: { map: net.yaml }\n',
    'net.yaml': '- { cidr: 10.0.0.0/8, user: ann }\n',
  })
  const loaded = await loadWith({ cwd })
  t.equal(loaded.ok, true)
  if (!loaded.ok) return
  t.equal(loaded.state.identity.identify('10.0.0.1').user, 'ann')
  t.equal(loaded.state.hasFile, true)
  t.equal(loaded.state.rules.snapshot.company, 'ACME')
  const folders = watchedFolders(loaded.state)
  t.same([...folders.keys()].map((folder) => shownPath(folder, cwd)).toSorted(), [
    cwd,
    'rules',
    'rules/catalogue',
    'rules/detectors',
    'rules/notices',
  ])
  t.same([...(folders.get(cwd) ?? [])].toSorted(), ['net.yaml', 'rules', 'weir.yaml'])
})

t.test('problems of all three come at once', async (t) => {
  const cwd = t.testdir({
    rules: { ...smallRules(), 'policy.yaml': 'version: 9\n' },
    'weir.yaml': 'identity: { map: net.yaml }\nworkers: 0\n',
  })
  const loaded = await loadWith({ cwd })
  t.equal(loaded.ok, false)
  t.same([...new Set(loaded.problems.map(({ part }) => part))].toSorted(), ['config', 'policy'])
  const second = t.testdir({
    rules: smallRules(),
    'weir.yaml': 'identity: { map: net.yaml }\n',
    'net.yaml': '- { cidr: nowhere }\n',
  })
  t.match((await loadWith({ cwd: second })).problems, [{ part: 'identity', file: 'net.yaml', line: 1 }])
  const third = t.testdir({ rules: smallRules(), 'weir.yaml': 'identity: { map: none.yaml }\n' })
  t.match((await loadWith({ cwd: third })).problems, [{ part: 'identity', message: /ENOENT/ }])
})

t.test('the rules folder can be named apart from the configuration', async (t) => {
  const cwd = t.testdir({ other: smallRules() })
  t.equal((await loadWith({ cwd, flags: { rulesDir: 'other' } })).ok, true)
  const missing = await loadWith({ cwd, flags: { rulesDir: 'none' } })
  t.match(missing.problems, [{ file: 'none/catalogue' }, {}, {}, {}])
})

t.test('paths below the working folder are shown short', (t) => {
  t.equal(shownPath(join('/a', 'b'), '/a'), 'b')
  t.equal(shownPath('/c', '/a'), '/c')
  t.equal(shownPath('/a', '/a'), '/a')
  t.end()
})

t.test('what Kerberos lacks is a problem of its line, and nothing is tried where it is not configured', async (t) => {
  const cwd = t.testdir({
    rules: smallRules(),
    'weir.yaml': 'identity:\n  authenticate: required\n  negotiate: { realms: [A.EXAMPLE], keytab: weir.keytab }\n',
  })
  const asked: unknown[] = []
  const checkNegotiate = async (settings: { keytab: string | null }) => {
    asked.push(settings.keytab)
    return 'needs the npm package'
  }
  const loaded = await loadWith({ cwd, checkNegotiate })
  t.match(loaded, {
    ok: false,
    problems: [
      { part: 'config', file: 'weir.yaml', line: 3, path: 'identity.negotiate', message: 'needs the npm package' },
    ],
  })
  t.strictSame(asked, [join(cwd, 'weir.keytab')])
  t.equal((await loadWith({ cwd, checkNegotiate: async () => null })).ok, true)
  t.equal((await loadWith({ cwd })).ok, true, 'explain and the like serve nobody')
  await loadWith({ cwd: t.testdir({ rules: smallRules() }), checkNegotiate })
  t.equal(asked.length, 1)
})
