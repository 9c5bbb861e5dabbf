import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkSinks } from '../../src/cli/doctor-sinks.ts'
import { configSchema } from '../../src/config/schema.ts'

t.test('files that cannot be used are bad, secrets that others can read a warning with its cure', async (t) => {
  const dir = t.testdir({ token: 'hush', none: '' })
  chmodSync(join(dir, 'token'), 0o644)
  const hec = { name: 'a', kind: 'hec', url: 'https://a', tokenFile: join(dir, 'token') }
  const config = configSchema.parse({ audit: { sinks: [hec, { ...hec, name: 'b', tokenFile: join(dir, 'none') }] } })
  t.match(checkSinks(config, Date.now()), [
    { area: 'config', name: 'audit.sinks[0].tokenFile', status: 'warn', fix: [/^chmod 600 /] },
    { name: 'audit.sinks[1].tokenFile', status: 'bad', message: /is empty/, fix: [] },
  ])
  writeFileSync(join(dir, 'none'), 'hush')
  for (const name of ['token', 'none']) chmodSync(join(dir, name), 0o600)
  t.strictSame(checkSinks(config, Date.now()), [])
})
