import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openAuthority } from '../../src/ca/authority.ts'
import { readNamedFiles } from '../../src/config/named-files.ts'
import { configSchema, type WeirConfig } from '../../src/config/schema.ts'

/** A folder with `root.crt` and `root.key` that fit together. */
async function pairIn(t: Test): Promise<string> {
  const dir = t.testdir({})
  const certs = { dir, chain: null, key: null, pkcs12: null, passphraseFile: null, leafDays: 30 }
  const opened = await openAuthority({ ...certs, nowMs: Date.now })
  if (!opened.ok) throw new Error('no CA')
  return dir
}

const configOf = (sections: unknown): WeirConfig => configSchema.parse(sections)

t.test('nothing named, nothing read', async (t) => {
  t.strictSame(readNamedFiles(configOf({})), {
    ok: true,
    files: { proxyTls: null, adminTls: null, extraRoots: [] },
    warnings: [],
  })
})

t.test('certificates, keys and roots are read', async (t) => {
  const dir = await pairIn(t)
  const [chain, key] = [join(dir, 'root.crt'), join(dir, 'root.key')]
  writeFileSync(join(dir, 'pass'), 'unused here\n')
  const result = readNamedFiles(
    configOf({
      proxy: { tls: { chain, key } },
      admin: { tls: { chain, key, passphraseFile: join(dir, 'pass') } },
      upstream: { extraRoots: [chain] },
    }),
  )
  t.ok(result.ok)
  if (!result.ok) return
  t.ok(result.files.proxyTls)
  t.strictSame(result.files.adminTls, {
    cert: readFileSync(chain),
    key: readFileSync(key),
    passphrase: 'unused here',
  })
  t.strictSame(result.files.extraRoots, [readFileSync(chain, 'utf8')])
})

t.test('all that is wrong is told at once, with file and path', async (t) => {
  const dir = await pairIn(t)
  const [chain, key] = [join(dir, 'root.crt'), join(dir, 'root.key')]
  const result = readNamedFiles(
    configOf({
      proxy: { tls: { chain: join(dir, 'no.crt'), key: join(dir, 'no.key') } },
      admin: { tls: { chain: key, key } },
      upstream: { extraRoots: [chain, key, join(dir, 'no.pem')] },
    }),
  )
  t.equal(result.ok, false)
  if (result.ok) return
  t.match(
    result.problems.map(({ file, path, message }) => [file, path, message]),
    [
      [join(dir, 'no.crt'), 'proxy.tls.chain', 'cannot be read: ENOENT'],
      [join(dir, 'no.key'), 'proxy.tls.key', 'cannot be read: ENOENT'],
      [key, 'admin.tls', /^certificate and key do not work together/u],
      [key, 'upstream.extraRoots[1]', 'holds no PEM certificate'],
      [join(dir, 'no.pem'), 'upstream.extraRoots[2]', 'cannot be read: ENOENT'],
    ],
  )
  t.notMatch(JSON.stringify(result.problems), /PRIVATE KEY/u)
})

t.test(
  'client CA and revocation list are read and tried; each that cannot be used is told with its path',
  async (t) => {
    const dir = await pairIn(t)
    const [chain, key] = [join(dir, 'root.crt'), join(dir, 'root.key')]
    const [noCa, noCrl] = [join(dir, 'no-ca.pem'), join(dir, 'no-crl.pem')]
    writeFileSync(noCa, 'hello')
    writeFileSync(noCrl, 'hello')
    const read = (more: object) =>
      readNamedFiles(configOf({ proxy: { tls: { chain, key, clientAuth: 'require', clientCa: chain, ...more } } }))
    t.equal(read({}).ok, true)
    for (const [more, path, message] of [
      [{ clientCa: noCa }, 'proxy.tls.clientCa', 'holds no PEM certificate'],
      [{ clientCa: join(dir, 'gone.pem') }, 'proxy.tls.clientCa', 'cannot be read: ENOENT'],
      [{ clientCrl: join(dir, 'gone.pem') }, 'proxy.tls.clientCrl', 'cannot be read: ENOENT'],
      [{ clientCrl: noCrl }, 'proxy.tls', /^client CA or revocation list is no PEM/u],
    ] as const) {
      const result = read(more)
      t.equal(result.ok, false)
      if (!result.ok) t.match(result.problems, [{ path, message }])
    }
  },
)

t.test('the files of the directory are tried before anything starts', async (t) => {
  const dir = await pairIn(t)
  const ldap = { urls: ['ldaps://d.example'], userBase: 'dc=x', groupBase: 'dc=x', bindDn: 'cn=weir' }
  const read = (bindPasswordFile: string, caFile: string) =>
    readNamedFiles(configOf({ identity: { ldap: { ...ldap, bindPasswordFile, caFile } } }))
  t.equal(read(join(dir, 'root.key'), join(dir, 'root.crt')).ok, true)
  const result = read(join(dir, 'gone'), join(dir, 'root.key'))
  t.equal(result.ok, false)
  if (result.ok) return
  t.match(result.problems, [
    { path: 'identity.ldap.caFile', message: 'holds no PEM certificate' },
    { path: 'identity.ldap.bindPasswordFile', message: 'cannot be read: ENOENT' },
  ])
})
