import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configSchema } from '../../src/config/schema.ts'
import { sinkFileProblems } from '../../src/config/sink-files.ts'
import { makeClientPki } from '../helpers/client-pki.ts'

const sinksOf = (...sinks: unknown[]) => configSchema.parse({ audit: { sinks } }).audit.sinks
const hook = { name: 'hook', kind: 'webhook', url: 'https://a.example' }

t.test('files that fit and belong to their owner alone are no problem', async (t) => {
  const pki = makeClientPki(t)
  const { cert: certFile, key: keyFile } = pki.issue({ subject: '/CN=weir' })
  const secretFile = join(pki.dir, 'secret')
  writeFileSync(secretFile, 'hush\n')
  for (const file of [keyFile, secretFile]) chmodSync(file, 0o600)
  const sinks = sinksOf(
    { ...hook, secretFile, caFile: pki.ca, certFile, keyFile },
    { name: 'copy', kind: 'file', file: '/none' },
  )
  const now = Date.now()
  t.strictSame(sinkFileProblems(sinks, now - 40 * 86_400_000), [])
  // It lasts two days.
  t.match(sinkFileProblems(sinks), [{ path: 'audit.sinks[0].certFile', severity: 'warning', message: /ends on 20/ }])
  t.match(sinkFileProblems(sinks, now + 40 * 86_400_000), [{ severity: 'warning', message: /ended on 20/ }])
  chmodSync(keyFile, 0o640)
  chmodSync(secretFile, 0o604)
  t.match(sinkFileProblems(sinks), [
    { path: 'audit.sinks[0].keyFile', severity: 'warning', file: keyFile, message: /chmod 600/ },
    { path: 'audit.sinks[0].secretFile', severity: 'warning', message: /chmod 600/ },
    { path: 'audit.sinks[0].certFile' },
  ])
  const other = pki.issue({ subject: '/CN=other' })
  t.match(sinkFileProblems(sinksOf({ ...hook, secretFile, certFile, keyFile: other.key })).at(-1), {
    path: 'audit.sinks[0].certFile',
    severity: 'error',
    message: /do not work together/,
  })
})

t.test('all that is wrong is told at once, and nothing of what stands in a file', async (t) => {
  const dir = t.testdir({ empty: ' \n', words: 'hush hush' })
  const at = (name: string): string => join(dir, name)
  const problems = sinkFileProblems(
    sinksOf(
      { name: 'siem', kind: 'syslog', host: 'a', caFile: at('words') },
      { ...hook, secretFile: at('empty'), tokenFile: at('none') },
      { name: 'x', kind: 'hec', url: 'https://a', tokenFile: at('words'), certFile: at('words'), keyFile: at('words') },
    ),
  ).filter(({ severity }) => severity === 'error')
  t.match(problems, [
    { path: 'audit.sinks[0].caFile', message: 'holds no PEM certificate' },
    { path: 'audit.sinks[1].tokenFile', message: 'cannot be read: ENOENT' },
    { path: 'audit.sinks[1].secretFile', message: 'is empty' },
    { path: 'audit.sinks[2].certFile', message: /do not work together/ },
  ])
  t.notMatch(JSON.stringify(problems), /hush/)
})
