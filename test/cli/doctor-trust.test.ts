import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Authority, openAuthority } from '../../src/ca/authority.ts'
import { machineRoots, mergedBundle } from '../../src/ca/bundle.ts'
import { findCommand } from '../../src/cli/doctor-tools.ts'
import { checkTrust, systemTrustCommands } from '../../src/cli/doctor-trust.ts'

const TOOLS = { node: 'Node', curl: 'curl', openssl: 'OpenSSL', python3: 'Python', git: 'git' } as const
const PATH = process.env['PATH'] ?? ''
const installed = Object.entries(TOOLS)
  .filter(([command]) => process.env['CI'] === 'true' || findCommand(command, { PATH }) !== null)
  .map(([, name]) => name)

async function open(t: Test): Promise<{ readonly authority: Authority; readonly dir: string }> {
  const dir = t.testdir()
  const none = { chain: null, key: null, pkcs12: null, passphraseFile: null }
  const opened = await openAuthority({ dir, ...none, leafDays: 90, nowMs: Date.now })
  if (!opened.ok) throw new Error('opens')
  return { authority: opened.authority, dir }
}

const HOST = 'api.anthropic.com'

t.test('tools that were told nothing do not trust the CA, and the commands are offered', async (t) => {
  const { authority, dir } = await open(t)
  const found = await checkTrust({ authority, host: HOST, env: { PATH, HOME: dir }, cwd: dir })
  t.match(found[0], { status: 'warn', fix: [/^weir ca export --bundle/, /./] })
  for (const name of installed) {
    const finding = found.find((one) => one.name === name)
    t.match(finding, { status: 'bad', message: /does not trust the CA/ }, name)
    t.ok((finding?.fix.length ?? 0) > 0, `${name} has a fix`)
  }
})

t.test('tools that were given the CA by their own variables trust it', async (t) => {
  const { authority, dir } = await open(t)
  const bundle = join(dir, 'bundle.pem')
  writeFileSync(bundle, mergedBundle(authority.roots(), machineRoots()))
  const env = {
    PATH,
    HOME: dir,
    NODE_EXTRA_CA_CERTS: authority.file(),
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    // A proxy in the way would hide what is asked: it must not be used.
    HTTPS_PROXY: 'http://127.0.0.1:9',
    https_proxy: 'http://127.0.0.1:9',
  }
  const found = await checkTrust({ authority, host: HOST, env, cwd: dir })
  for (const name of installed) {
    const finding = found.find((one) => one.name === name)
    t.equal(finding?.status, 'ok', `${name}: ${finding?.message ?? 'missing'}`)
  }
  t.equal(found[0]?.name, 'Node', 'nothing to mend, no line about it')
})

t.test('a tool that is not installed is left out', async (t) => {
  const { authority, dir } = await open(t)
  t.strictSame(await checkTrust({ authority, host: HOST, env: { PATH: dir }, cwd: dir }), [])
})

t.test('a host that the CA may not speak for is said', async (t) => {
  const { authority, dir } = await open(t)
  t.match(await checkTrust({ authority, host: '*', env: { PATH }, cwd: dir }), [
    { status: 'bad', message: /no host name/ },
  ])
})

t.test('each system has its own way to learn a root', async (t) => {
  t.match(systemTrustCommands('darwin', '/r.crt'), [/security add-trusted-cert .* \/r\.crt$/])
  t.match(systemTrustCommands('win32', 'r.crt'), [/certutil -addstore -f Root r\.crt/])
  t.match(systemTrustCommands('linux', '/r.crt'), [/update-ca-certificates/])
})
