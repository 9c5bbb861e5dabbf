import { X509Certificate } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { toPem } from '../../src/ca/certificate.ts'
import { children, content, decode } from '../../src/ca/der.ts'
import { endOfPath, type Leaf, makeLeafKey, mintLeaf, refusalToMint } from '../../src/ca/leaf.ts'
import { canonicalHost, isIpLiteral } from '../../src/domain/destination.ts'
import { commonNameOf, DAY_MS, makeCa, NOW_MS, sourceOf, type TestCa } from './make-ca.ts'
import { runTool, skipWithout } from './tools.ts'

const key = makeLeafKey()
const root = makeCa()

const mint = (host: string, ca: TestCa = root, issuers: readonly TestCa[] = [], leafDays = 90): X509Certificate => {
  const leaf = mintLeaf(host, { source: sourceOf(ca, ...issuers), key, leafDays, nowMs: NOW_MS })
  return new X509Certificate((leaf as Leaf).der)
}

const LONG = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`

t.test('a leaf names its one host, for servers only, and is no CA', async (t) => {
  const leaf = mint('api.anthropic.com')
  t.equal(leaf.subjectAltName, 'DNS:api.anthropic.com')
  t.equal(commonNameOf(leaf), 'api.anthropic.com')
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.equal(leaf.ca, false)
  t.ok(leaf.checkIssued(root.certificate.x509))
  t.ok(leaf.verify(root.certificate.x509.publicKey))
  t.ok(leaf.serialNumber.length === 32, 'the serial has 128 bits')
  t.not(leaf.serialNumber, mint('api.anthropic.com').serialNumber)
})

t.test('IP hosts get an address, not a DNS name', async (t) => {
  t.equal(mint('192.0.2.7').subjectAltName, 'IP Address:192.0.2.7')
  t.equal(mint('2001:db8::7').checkIP('2001:db8::7'), '2001:db8::7')
})

t.test('a name too long for a subject stands in a critical subjectAltName alone', async (t) => {
  const leaf = mint(LONG)
  t.equal(leaf.subject, undefined)
  t.equal(leaf.checkHost(LONG), LONG)
  const tbs = children(children(decode(leaf.raw))[0])
  const extensions = children(children(tbs.at(-1))[0]).map(children)
  const san = extensions.find(([id]) => content(id).toString('hex') === '551d11')
  t.equal(san?.length, 3, 'id, critical, value')
})

t.test('a CA that constrains directory names gets leaves without a subject', async (t) => {
  const limited = makeCa({ constraints: [[{ directory: 'ACME' }], []] })
  t.equal(mint('api.anthropic.com', limited).subject, undefined)
})

t.test('a leaf lives as long as config says, starts a little early and never outlives its CA', async (t) => {
  const leaf = mint('a.test')
  t.equal(leaf.validToDate.getTime(), NOW_MS + 90 * DAY_MS)
  t.equal(leaf.validFromDate.getTime(), NOW_MS - 3_600_000)
  const short = makeCa({ name: 'Ends soon', issuer: root, notAfterMs: NOW_MS + 3 * DAY_MS, notBeforeMs: NOW_MS - 1000 })
  const bounded = mint('a.test', short, [root])
  t.equal(bounded.validToDate.getTime(), NOW_MS + 3 * DAY_MS)
  t.equal(bounded.validFromDate.getTime(), NOW_MS - 1000)
  const underShortRoot = makeCa({ name: 'Long intermediate', issuer: short })
  t.equal(mint('a.test', underShortRoot, [short, root]).validToDate.getTime(), NOW_MS + 3 * DAY_MS)
  t.equal(endOfPath(sourceOf(underShortRoot, short, root)).notAfterMs, NOW_MS + 3 * DAY_MS)
})

t.test('dates from 2050 on are written as X.509 wants them', async (t) => {
  const late = Date.UTC(2051, 0, 1)
  const future = makeCa({ notBeforeMs: late - DAY_MS, notAfterMs: late + 900 * DAY_MS })
  const leaf = mintLeaf('a.test', { source: sourceOf(future), key, leafDays: 90, nowMs: late }) as Leaf
  t.equal(new X509Certificate(leaf.der).validToDate.getTime(), late + 90 * DAY_MS)
})

t.test('what may not be certified is refused with a reason', async (t) => {
  const limited = sourceOf(makeCa({ constraints: [['anthropic.com'], []] }))
  t.equal(refusalToMint(limited, 'api.anthropic.com', NOW_MS), null)
  t.match(refusalToMint(limited, 'api.openai.com', NOW_MS), /outside the names/)
  const below = sourceOf(makeCa({ issuer: root }), makeCa({ constraints: [[], ['openai.com']] }))
  t.match(refusalToMint(below, 'openai.com', NOW_MS), /exclude/, 'constraints above the signing CA count too')
  const expired = sourceOf(makeCa({ notAfterMs: NOW_MS }))
  t.match(refusalToMint(expired, 'a.test', NOW_MS), /expired on 2026-11-22/)
  for (const name of ['', '*.a.test', 'a..b', '-a.test', 'a b', 'a\u0000.test', `${'a'.repeat(64)}.test`, 'é.test']) {
    t.match(refusalToMint(sourceOf(root), name, NOW_MS), /no host name/, JSON.stringify(name))
  }
  t.equal(refusalToMint(sourceOf(root), '_dmarc.a_b.test', NOW_MS), null, 'underscores are in use')
})

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/)
const dnsName = fc
  .array(label, { minLength: 2, maxLength: 8 })
  .map((labels) => canonicalHost(labels.join('.')))
  .filter((host) => host !== null && !isIpLiteral(host))
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((ip) => canonicalHost(ip.includes(':') ? `[${ip}]` : ip))

t.test('property: a leaf is good for exactly its own DNS name', async (t) => {
  fc.assert(
    fc.property(dnsName, dnsName, (host, other) => {
      fc.pre(host !== null && other !== null && host !== other)
      if (refusalToMint(sourceOf(root), host, NOW_MS) !== null) return false
      const leaf = mint(host)
      return leaf.checkHost(host) === host && leaf.checkHost(other) === undefined
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('property: a leaf is good for exactly its own address', async (t) => {
  fc.assert(
    fc.property(address, address, (ip, other) => {
      fc.pre(ip !== null && other !== null && ip !== other && isIpLiteral(ip) && isIpLiteral(other))
      if (refusalToMint(sourceOf(root), ip, NOW_MS) !== null) return false
      const leaf = mint(ip)
      return leaf.checkIP(ip) === ip && leaf.checkIP(other) === undefined
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test(
  'openssl verify -x509_strict accepts leaves of every kind of CA',
  { skip: skipWithout('openssl') },
  async (t) => {
    const dir = t.testdir()
    const check = async (title: string, host: string, path: readonly TestCa[]) => {
      const folder = mkdtempSync(join(dir, 'chain-'))
      const write = (name: string, text: string) => {
        writeFileSync(join(folder, name), text)
        return join(folder, name)
      }
      const [first, ...issuers] = path
      const leaf = write('leaf.crt', toPem(mint(host, first, issuers).raw))
      const chain = write('chain.crt', path.map(({ pem }) => pem).join(''))
      const anchor = write('root.crt', path.at(-1)!.pem)
      const name = isIpLiteral(host) ? '-verify_ip' : '-verify_hostname'
      const args = ['-x509_strict', '-purpose', 'sslserver', '-attime', String(NOW_MS / 1000), name, host]
      const result = await runTool('openssl', ['verify', ...args, '-CAfile', anchor, '-untrusted', chain, leaf])
      t.equal(result.code, 0, `${title}: ${result.stderr}`)
    }
    const rsa = makeCa({ key: 'rsa', name: 'RSA root' })
    await check('EC P-256 root', 'api.anthropic.com', [root])
    await check('RSA root', 'api.anthropic.com', [rsa])
    await check('P-384 root', 'a.test', [makeCa({ key: 'p384' })])
    await check('P-521 root', 'a.test', [makeCa({ key: 'p521' })])
    await check('EC intermediate under RSA', 'a.test', [makeCa({ name: 'Middle', issuer: rsa, pathLength: 0 }), rsa])
    await check('address', '192.0.2.1', [root])
    await check('IPv6 address', '2001:db8::1', [root])
    await check('long name', LONG, [root])
    const limited = makeCa({ constraints: [['anthropic.com', { directory: 'ACME' }], ['x.anthropic.com']] })
    await check('name constraints', 'api.anthropic.com', [limited])
  },
)
