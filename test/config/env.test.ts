import { join } from 'node:path'
import t from 'tap'
import { envName, leavesOf, readEnv } from '../../src/config/env.ts'
import { configSchema } from '../../src/config/schema.ts'

const leaves = leavesOf(configSchema.parse({}))
const valuesOf = async (env: Record<string, string>): Promise<Record<string, unknown>> =>
  Object.fromEntries((await readEnv(env, leaves)).values.map(({ path, value }) => [path.join('.'), value]))

t.test('names follow from the path, and no two keys share one', (t) => {
  t.equal(envName(['proxy', 'maxHeaderBytes']), 'WEIR_PROXY_MAX_HEADER_BYTES')
  t.equal(envName(['certs', 'pkcs12']), 'WEIR_CERTS_PKCS12')
  t.equal(envName(['workers']), 'WEIR_WORKERS')
  const names = leaves.map((leaf) => envName(leaf.path))
  t.equal(new Set(names).size, names.length)
  t.end()
})

t.test('texts become the kind of value that the key has', async (t) => {
  t.same(
    await valuesOf({
      WEIR_PROXY_LISTEN: '0.0.0.0:3128, [::]:3128',
      WEIR_PROXY_NETWORKS: '["10.0.0.0/8"]',
      WEIR_LIMITS_CONNECTIONS: '10',
      WEIR_LIMITS_PER_CLIENT: 'many',
      WEIR_UPSTREAM_RESOLVE: '{"a.test:443": "127.0.0.1:1"}',
      WEIR_CERTS_KEY: '/k.pem',
      WEIR_CERTS_CHAIN: '',
      WEIR_NOTICE_LANGUAGE: 'zh-CN',
    }),
    {
      'proxy.listen': ['0.0.0.0:3128', '[::]:3128'],
      'proxy.networks': ['10.0.0.0/8'],
      'limits.connections': 10,
      'limits.perClient': 'many',
      'upstream.resolve': { 'a.test:443': '127.0.0.1:1' },
      'certs.key': '/k.pem',
      'certs.chain': null,
      'notice.language': 'zh-CN',
    },
  )
})

t.test('secrets can come from files', async (t) => {
  const dir = t.testdir({ parent: 'http://u:p@proxy.test:8080\n' })
  t.same(await valuesOf({ WEIR_UPSTREAM_PARENT_FILE: join(dir, 'parent') }), {
    'upstream.parent': 'http://u:p@proxy.test:8080',
  })
  t.same(await valuesOf({ WEIR_CERTS_PASSPHRASE_FILE: '/run/secrets/p' }), { 'certs.passphraseFile': '/run/secrets/p' })
  const missing = await readEnv({ WEIR_UPSTREAM_PARENT_FILE: join(dir, 'none') }, leaves)
  t.match(missing.problems, [{ file: 'environment WEIR_UPSTREAM_PARENT_FILE', message: /ENOENT/, severity: 'error' }])
})

t.test('an unknown name is a warning; what Kubernetes sets for a service called weir is none', async (t) => {
  const unknown = await readEnv({ WEIR_PROXY_LISTN: 'x', WEIR_LIMITS_CONNECTIONS_FILE: 'x' }, leaves)
  t.match(unknown.problems, [
    { file: 'environment WEIR_LIMITS_CONNECTIONS_FILE', severity: 'warning' },
    { file: 'environment WEIR_PROXY_LISTN', severity: 'warning' },
  ])
  const kubernetes = {
    WEIR_SERVICE_HOST: '10.0.0.1',
    WEIR_PORT: 'tcp://10.0.0.1:3128',
    WEIR_PORT_3128_TCP_ADDR: '10.0.0.1',
    WEIR_SERVICE_PORT_HTTP: '1',
  }
  t.same(await readEnv({ ...kubernetes, WEIR_CONFIG: 'x', PATH: '/bin' }, leaves), { values: [], problems: [] })
})
