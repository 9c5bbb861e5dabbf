import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSecret, readTlsFiles } from '../../../src/audit/sinks/tls-files.ts'

t.test('files that are named are read, the others are left to Node', async (t) => {
  const dir = t.testdir({ ca: 'CA', cert: 'CERT', key: 'KEY' })
  t.strictSame(readTlsFiles({ caFile: null, certFile: null, keyFile: null }), {})
  t.strictSame(readTlsFiles({ caFile: join(dir, 'ca'), certFile: join(dir, 'cert'), keyFile: join(dir, 'key') }), {
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
  })
  t.throws(() => readTlsFiles({ caFile: join(dir, 'none'), certFile: null, keyFile: null }), { code: 'ENOENT' })
})

t.test('a secret is one word; it cannot bring a header of its own, and no error shows it', async (t) => {
  const file = join(t.testdir({}), 'token')
  writeFileSync(file, 'abc-123\r\n')
  t.equal(readSecret(file), 'abc-123')
  for (const text of ['', '\n', 'hush hush', 'hush\r\nx: y', 'hüsh']) {
    writeFileSync(file, text)
    t.throws(() => readSecret(file), /^(?!.*h[uü]sh)/su, text)
  }
})
