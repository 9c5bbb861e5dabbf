import { join } from 'node:path'
import t from 'tap'
import { type LoadResult, loadConfig } from '../../src/config/load.ts'
import type { WeirConfig } from '../../src/config/schema.ts'
import type { Problem } from '../../src/domain/settings.ts'

const good = (result: LoadResult): WeirConfig => {
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.config
}
const told = (problems: readonly Problem[]): string[] =>
  problems.map(({ file, line, path, message, severity }) => `${severity} ${file}:${line ?? '-'} ${path}: ${message}`)

t.test('without a file everything has its default', async (t) => {
  const cwd = t.testdir({})
  const result = await loadConfig({ flags: {}, env: {}, cwd })
  const config = good(result)
  t.match(result, { hasFile: false, isObserving: false, configPath: join(cwd, 'weir.yaml'), problems: [] })
  t.same(config.proxy.listen, ['127.0.0.1:3128'])
  t.equal(config.rules.dir, join(cwd, 'rules'))
  t.ok(Object.isFrozen(config) && Object.isFrozen(config.proxy) && Object.isFrozen(config.proxy.listen))
})

t.test('flags go before variables, before the file, before the defaults', async (t) => {
  const cwd = t.testdir({
    'weir.yaml':
      'proxy: { listen: ["127.0.0.1:1"], maxHeaders: 11 }\nadmin: { listen: "127.0.0.1:2" }\nlog: { level: warn }\n',
  })
  const env = { WEIR_PROXY_LISTEN: '127.0.0.1:3', WEIR_ADMIN_LISTEN: '127.0.0.1:4' }
  const config = good(await loadConfig({ flags: { listen: ['127.0.0.1:5'] }, env, cwd }))
  t.same(config.proxy.listen, ['127.0.0.1:5'], 'flag')
  t.equal(config.admin.listen, '127.0.0.1:4', 'variable')
  t.equal(config.proxy.maxHeaders, 11, 'file')
  t.equal(config.log.level, 'warn', 'file')
  t.equal(config.proxy.maxHeaderBytes, 65_536, 'default')
})

t.test('paths count from the file, those of flags and variables from the working folder', async (t) => {
  const cwd = t.testdir({ etc: { 'weir.yaml': 'certs: { dir: ca }\nupstream: { extraRoots: [r.pem, /abs.pem] }\n' } })
  const config = good(await loadConfig({ flags: { config: 'etc/weir.yaml' }, env: { WEIR_DATA_DIR: 'd' }, cwd }))
  t.equal(config.certs.dir, join(cwd, 'etc', 'ca'))
  t.equal(config.rules.dir, join(cwd, 'etc', 'rules'))
  t.equal(config.data.dir, join(cwd, 'd'))
  t.same(config.upstream.extraRoots, [join(cwd, 'etc', 'r.pem'), '/abs.pem'])
  t.equal(config.inspect.keyFile, join(cwd, 'd', 'keys', 'placeholder.key'), 'the key lies with the data')
})

t.test('a file that was asked for must be there', async (t) => {
  const cwd = t.testdir({})
  const byFlag = await loadConfig({ flags: { config: 'none.yaml' }, env: {}, cwd })
  t.match(told(byFlag.problems), [/error none\.yaml:- : cannot be read: ENOENT/])
  const byName = await loadConfig({ flags: {}, env: { WEIR_CONFIG: 'none.yaml' }, cwd })
  t.equal(byName.ok, false)
  t.equal((await loadConfig({ flags: {}, env: { WEIR_CONFIG: '' }, cwd })).ok, true)
})

t.test('all problems come at once, with line, variable or flag, and without the values', async (t) => {
  const cwd = t.testdir({
    'weir.yaml': `proxy:
  listn: ["127.0.0.1:1"]
  maxHeaders: many
certs:
  pkcs12: a.p12
  key: k.pem
upstream:
  parent: "ftp://user:hunter2@proxy"
  resolve: { "a.test:443": nowhere }
workers: 0
`,
  })
  const result = await loadConfig({ flags: { admin: 'nowhere' }, env: { WEIR_LIMITS_CONNECTIONS: 'x' }, cwd })
  const lines = told(result.problems)
  const expected = [
    /error weir\.yaml:2 proxy\.listn: unknown key `listn`/,
    /error weir\.yaml:3 proxy\.maxHeaders: /,
    /error weir\.yaml:8 upstream\.parent: /,
    /error weir\.yaml:9 upstream\.resolve\.a\.test:443: an address/,
    /error weir\.yaml:10 workers: /,
    /error flag --admin:- admin\.listen: an address/,
    /error environment WEIR_LIMITS_CONNECTIONS:- limits\.connections: /,
  ]
  for (const line of expected)
    t.ok(
      lines.some((each) => line.test(each)),
      String(line),
    )
  t.notMatch(lines.join('\n'), /hunter2/)
})

t.test('what does not fit together is told too', async (t) => {
  const check = async (text: string): Promise<string[]> => {
    const cwd = t.testdir({ 'weir.yaml': text })
    return told((await loadConfig({ flags: {}, env: {}, cwd })).problems)
  }
  t.match(await check('certs: { pkcs12: a.p12, chain: c.pem, key: k.pem }'), [/error weir\.yaml:1 certs\.pkcs12/])
  t.match(await check('certs: { key: k.pem }'), [/belong together/])
  t.match(await check('notice: { askUrl: "https://ask.test/" }'), [/warning .*no `\{event\}`/])
  t.match(await check('proxy: { listen: ["0.0.0.0:3128"] }'), [/warning .*only loopback clients/])
  t.match(await check('proxy: { listen: ["127.0.0.1:3129"] }'), [/error .*also an address of the proxy/])
  t.match(await check('upstream: { resolve: { a.test: "127.0.0.1:1" } }'), [/write the pinned name as `host:port`/])
  t.match(await check('- a\n- b\n'), [/must hold sections/])
  t.match(await check('proxy: [\n'), [/^error weir\.yaml:/])
  t.same(await check(''), [])
})

t.test('a broken configuration still says where the rules are', async (t) => {
  const cwd = t.testdir({ 'weir.yaml': 'rules: { dir: my-rules }\nworkers: 0\n' })
  const result = await loadConfig({ flags: {}, env: {}, cwd })
  t.equal(!result.ok && result.fallback.rules.dir, join(cwd, 'my-rules'))
})

t.test('observing can be asked for by flag and by variable', async (t) => {
  const cwd = t.testdir({})
  t.match(await loadConfig({ flags: { observe: true }, env: {}, cwd }), { isObserving: true })
  t.match(await loadConfig({ flags: {}, env: { WEIR_OBSERVE: '1' }, cwd }), { isObserving: true })
  t.match(await loadConfig({ flags: {}, env: { WEIR_OBSERVE: 'no' }, cwd }), { isObserving: false })
})
