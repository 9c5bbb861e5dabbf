import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openAuthority } from '../../src/ca/authority.ts'
import { openProxyTls } from '../../src/cli/proxy-tls.ts'
import { readNamedFiles } from '../../src/config/named-files.ts'
import { configSchema, type WeirConfig } from '../../src/config/schema.ts'

/** A folder with `root.crt` and `root.key` that fit together. */
async function pairIn(t: Test): Promise<string> {
  const dir = t.testdir({})
  const certs = { dir, chain: null, key: null, pkcs12: null, passphraseFile: null, leafDays: 30 }
  if (!(await openAuthority({ ...certs, nowMs: Date.now })).ok) throw new Error('no CA')
  return dir
}

function open(config: WeirConfig) {
  const read = readNamedFiles(config)
  if (!read.ok) throw new Error('not readable')
  const errors: unknown[] = []
  const tls = openProxyTls(config, read.files, { error: (fields, event) => errors.push([event, fields]) })
  return { tls, errors }
}

const facts = { peer: '127.0.0.1', address: '127.0.0.1' }

t.test(
  'without `proxy.tls` the port is plain, nobody is known by certificate, and a reload reads nothing',
  async (t) => {
    const { tls, errors } = open(configSchema.parse({}))
    t.equal(tls.listener, null)
    t.equal(tls.certificates.prove({ ...facts, certificate: new Uint8Array([1]) }), null)
    tls.reload()
    t.strictSame(errors, [])
  },
)

t.test('mode and fields are those of the configuration', async (t) => {
  const dir = await pairIn(t)
  const [chain, key] = [join(dir, 'root.crt'), join(dir, 'root.key')]
  const { tls } = open(
    configSchema.parse({ proxy: { tls: { chain, key, clientAuth: 'request', clientCa: chain, userFrom: 'cn' } } }),
  )
  t.equal(tls.listener?.clientAuth, 'request')
  const certificate = new X509Certificate(readFileSync(chain))
  const cn = /^CN=(.*)$/mu.exec(certificate.subject)?.[1]
  t.ok(cn)
  t.match(tls.certificates.prove({ ...facts, certificate: certificate.raw }), { assurance: 'mtls', user: cn })
})

t.test('a reload takes new files; files that cannot be used are logged and change nothing', async (t) => {
  const dir = await pairIn(t)
  const [chain, key] = [join(dir, 'root.crt'), join(dir, 'root.key')]
  const { tls, errors } = open(configSchema.parse({ proxy: { tls: { chain, key } } }))
  const first = tls.listener?.context()
  t.equal(tls.listener?.context(), first, 'the same until it is read again')
  tls.reload()
  const second = tls.listener?.context()
  t.not(second, first)
  writeFileSync(key, 'no key')
  tls.reload()
  t.equal(tls.listener?.context(), second)
  t.match(errors, [['app.tls-reload-refused', { problems: [{ path: 'proxy.tls' }] }]])
  t.notMatch(JSON.stringify(errors), /no key/u)
})
