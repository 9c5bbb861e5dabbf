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
  const config = configSchema.parse({
    workers: 2,
    identity: { trustedProxies: ['10.0.0.0/8'] },
    upstream: { parent: 'http://u:hunter2@proxy.test:8080' },
  })
  const problems = crossChecks(config, null, 'w.yaml')
  t.same(
    problems.map(({ path, severity }) => `${severity} ${path}`),
    ['error upstream.parent', 'error identity.trustedProxies', 'error workers'],
  )
  t.notMatch(JSON.stringify(problems), /hunter2/)
  t.end()
})
