import t from 'tap'
import { crossChecks, schemaProblems } from '../../src/config/config-problems.ts'
import { configSchema } from '../../src/config/schema.ts'
import { parseYaml } from '../../src/config/yaml-file.ts'

t.test('a problem of a laid-over value names the variable, of a file value the line', (t) => {
  const yaml = parseYaml('w.yaml', 'log:\n  level: loud\n')
  const parsed = configSchema.safeParse({ log: { level: 'loud' }, workers: 'x' })
  const overlays = [{ path: ['workers'], value: 'x', name: 'WEIR_WORKERS' }]
  const source = yaml.ok ? yaml.source : null
  const problems = parsed.success ? [] : schemaProblems(parsed.error, { source, shown: 'w.yaml', overlays })
  t.match(problems, [
    { file: 'w.yaml', line: 2, path: 'log.level' },
    { file: 'environment WEIR_WORKERS', line: null, path: 'workers' },
  ])
  t.end()
})

t.test('one value where a list belongs is told how to become one', (t) => {
  const parsed = configSchema.safeParse({ proxy: { listen: '127.0.0.1:3128' } })
  const origins = { source: null, shown: 'w.yaml', overlays: [] }
  const problems = parsed.success ? [] : schemaProblems(parsed.error, origins)
  t.strictSame(
    problems.map(({ path, message }) => [path, message]),
    [['proxy.listen', 'this is a list: write it in brackets, `[a, b]`']],
  )
  t.end()
})

t.test('the defaults fit together', (t) => {
  t.same(crossChecks(configSchema.parse({}), null, 'w.yaml'), [])
  t.end()
})

t.test('what this version cannot do is refused, not ignored', (t) => {
  const config = configSchema.parse({ workers: 2 })
  const problems = crossChecks(config, null, 'w.yaml')
  t.same(
    problems.map(({ path, severity }) => `${severity} ${path}`),
    ['error workers'],
  )
  t.end()
})

t.test('rules for going past a parent that is not there are pointed out', (t) => {
  const config = configSchema.parse({ upstream: { noProxy: ['.corp.example'] } })
  t.match(crossChecks(config, null, 'w.yaml'), [{ path: 'upstream.noProxy', severity: 'warning' }])
  t.end()
})

t.test('a parent or a rule that is none is refused, and the password is not shown', (t) => {
  const upstream = { parent: 'http://u:hunter2@proxy.test:8080/path', noProxy: ['10.0.0.0/99', 'a b', 'https://x/'] }
  const { error } = configSchema.safeParse({ upstream })
  t.equal(error?.issues.length, 4)
  t.notMatch(JSON.stringify(error?.issues), /hunter2/)
  t.end()
})

t.test('asking for client certificates and naming their CA belong together', (t) => {
  const files = { chain: 'c.pem', key: 'k.pem' }
  for (const [tls, path] of [
    [{ ...files, clientAuth: 'require' }, 'proxy.tls.clientCa'],
    [{ ...files, clientAuth: 'request' }, 'proxy.tls.clientCa'],
    [{ ...files, clientCa: 'ca.pem' }, 'proxy.tls.clientAuth'],
    [{ ...files, clientCrl: 'crl.pem' }, 'proxy.tls.clientAuth'],
  ] as const) {
    t.match(crossChecks(configSchema.parse({ proxy: { tls } }), null, 'w.yaml'), [{ path, severity: 'error' }])
  }
  const fit = { ...files, clientAuth: 'require', clientCa: 'ca.pem' }
  t.same(crossChecks(configSchema.parse({ proxy: { tls: fit } }), null, 'w.yaml'), [])
  t.end()
})

t.test('a directory is not spoken to in the clear, and a bind name needs its password', (t) => {
  const base = { urls: ['ldaps://d.example'], userBase: 'dc=x', groupBase: 'dc=x' }
  const pathsOf = (more: object) =>
    crossChecks(configSchema.parse({ identity: { ldap: { ...base, ...more } } }), null, 'w.yaml').map(
      ({ path, severity }) => `${severity} ${path}`,
    )
  t.strictSame(pathsOf({}), [])
  t.strictSame(pathsOf({ urls: ['ldap://d.example'] }), ['error identity.ldap.urls'])
  t.strictSame(pathsOf({ urls: ['ldaps://d.example', 'ldap://127.evil.example'] }), ['error identity.ldap.urls'])
  t.strictSame(pathsOf({ urls: ['ldap://localhost.evil.example'] }), ['error identity.ldap.urls'])
  t.strictSame(pathsOf({ urls: ['ldap://d.example:389'], startTls: true }), [])
  t.strictSame(pathsOf({ urls: ['ldap://127.0.0.1:3890', 'ldap://[::1]', 'ldap://localhost:1'] }), [])
  t.strictSame(pathsOf({ bindDn: 'cn=weir' }), ['error identity.ldap.bindPasswordFile'])
  t.strictSame(pathsOf({ bindPasswordFile: 'pass' }), ['error identity.ldap.bindPasswordFile'])
  t.strictSame(pathsOf({ bindDn: 'cn=weir', bindPasswordFile: 'pass' }), [])
  for (const more of [
    { urls: [] },
    { urls: ['http://d.example'] },
    { urls: ['ldaps://u:p@d.example'] },
    { userFilter: 'uid={user}' },
    { userFilter: '(uid=x)' },
    { groupFilter: '(member=x)' },
    { groupName: '*' },
  ]) {
    t.equal(configSchema.safeParse({ identity: { ldap: { ...base, ...more } } }).success, false, JSON.stringify(more))
  }
  t.end()
})

t.test('tickets are taken of named realms only, are never silently off, and two realms are told apart', (t) => {
  const pathsOf = (negotiate: object, authenticate = 'optional') =>
    crossChecks(configSchema.parse({ identity: { authenticate, negotiate } }), null, 'w.yaml').map(
      ({ path, severity }) => `${severity} ${path}`,
    )
  t.strictSame(pathsOf({ realms: ['A.EXAMPLE'] }), [])
  t.strictSame(pathsOf({ realms: ['A.EXAMPLE'] }, 'off'), ['error identity.negotiate'])
  t.strictSame(pathsOf({ realms: ['A.EXAMPLE', 'B.EXAMPLE'] }), ['error identity.negotiate.keepRealm'])
  t.strictSame(pathsOf({ realms: ['A.EXAMPLE', 'B.EXAMPLE'], keepRealm: true }), [])
  for (const bad of [{}, { realms: [] }, { realms: ['A B'] }, { realms: ['A'], service: 'host@x' }]) {
    t.equal(configSchema.safeParse({ identity: { negotiate: bad } }).success, false, JSON.stringify(bad))
  }
  t.end()
})
