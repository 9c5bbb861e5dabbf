import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { EXPORT_FORMATS, exportRoots, machineRoots, mergedBundle, P12_PASSWORD } from '../../src/ca/bundle.ts'
import { readPkcs12 } from '../../src/ca/pkcs12.ts'
import { makeCa } from './make-ca.ts'
import { runTool, skipWithout } from './tools.ts'

const current = makeCa({ name: 'Weir root ÄÖ <&> 1' })
const earlier = makeCa({ name: 'Weir root 0' })
const roots = [current.certificate.x509, earlier.certificate.x509] as const

t.test('PEM and DER hold the current root alone', async (t) => {
  t.equal(exportRoots('pem', [...roots]).toString(), current.pem)
  t.strictSame(exportRoots('der', [...roots]), Buffer.from(current.certificate.x509.raw))
})

t.test('no form holds a private key', async (t) => {
  for (const format of EXPORT_FORMATS) {
    const bytes = exportRoots(format, [...roots])
    t.notMatch(bytes.toString('latin1'), /PRIVATE/)
    const secret = Buffer.from(current.key.export({ format: 'jwk' }).d ?? '', 'base64url')
    t.notOk(bytes.includes(secret), format)
  }
})

t.test('PKCS#12 opens with the documented password and holds every root and no key', async (t) => {
  const read = readPkcs12(exportRoots('p12', [...roots]), P12_PASSWORD)
  if (!read.ok) throw new Error(read.message)
  t.strictSame(read.keys, [])
  t.strictSame(
    read.certificates.map((der) => new X509Certificate(der).fingerprint256),
    roots.map(({ fingerprint256 }) => fingerprint256),
  )
})

t.test('openssl reads the PKCS#12 and proves its integrity', { skip: skipWithout('openssl') }, async (t) => {
  const file = join(t.testdir(), 'x.p12')
  writeFileSync(file, exportRoots('p12', [...roots]))
  const result = await runTool('openssl', ['pkcs12', '-in', file, '-nokeys', '-passin', `pass:${P12_PASSWORD}`])
  t.equal(result.stdout.match(/BEGIN CERTIFICATE/g)?.length, 2, result.stderr)
})

t.test(
  'the Apple profile is a property list with one root payload per root',
  { skip: skipWithout('python3') },
  async (t) => {
    const file = join(t.testdir(), 'x.mobileconfig')
    writeFileSync(file, exportRoots('mobileconfig', [...roots]))
    const script = `
import json, plistlib, sys
p = plistlib.load(open(sys.argv[1], "rb"))
for item in p["PayloadContent"]: item["PayloadContent"] = item["PayloadContent"].hex()
print(json.dumps(p))`
    const result = await runTool('python3', ['-c', script, file])
    const profile = JSON.parse(result.stdout)
    t.match(profile, { PayloadType: 'Configuration', PayloadVersion: 1, PayloadScope: 'System' })
    t.match(profile.PayloadContent, [
      { PayloadType: 'com.apple.security.root', PayloadDisplayName: 'Weir root ÄÖ <&> 1' },
      { PayloadType: 'com.apple.security.root' },
    ])
    t.equal(profile.PayloadContent[0].PayloadContent, current.certificate.x509.raw.toString('hex'))
    const ids = [profile, ...profile.PayloadContent].map((one: { PayloadUUID: string }) => one.PayloadUUID)
    t.equal(new Set(ids).size, 3)
    t.ok(ids.every((id) => /^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}$/.test(id)))
  },
)

t.test('the same root gives the same profile, so that it replaces itself', async (t) => {
  t.strictSame(exportRoots('mobileconfig', [roots[0]]), exportRoots('mobileconfig', [roots[0]]))
})

t.test('the merged bundle holds our roots first and the machine roots, each once, in ASCII', async (t) => {
  const machine = [earlier.pem, makeCa({ name: 'Other' }).pem, makeCa({ name: 'Wurzel ä' }).pem]
  const bundle = mergedBundle([...roots], [...machine, machine[1]!])
  const pems = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  t.strictSame(
    pems.map((pem) => new X509Certificate(pem).subject),
    [current.certificate.x509.subject, 'CN=Weir root 0', 'CN=Other', 'CN=Wurzel ä'],
  )
  t.match(bundle, /^[\n -~]*$/)
})

t.test(
  'a tool that is given the bundle trusts our leaves and everything it trusted before',
  { skip: skipWithout('openssl') },
  async (t) => {
    const dir = t.testdir()
    const machine = machineRoots()
    t.ok(machine.length > 20)
    writeFileSync(join(dir, 'bundle.pem'), mergedBundle([...roots], machine))
    const under = makeCa({ name: 'Under', issuer: current })
    for (const [name, pem] of [
      ['ours', under.pem],
      ['machine', machine[0]!],
    ] as const) {
      writeFileSync(join(dir, name), pem)
      const args = ['verify', '-no_check_time', '-CAfile', join(dir, 'bundle.pem'), join(dir, name)]
      const result = await runTool('openssl', args)
      t.equal(result.code, 0, `${name}: ${result.stderr}`)
    }
  },
)
