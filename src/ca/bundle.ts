/** Writes the CA's public certificates in the forms that machines, browsers and tools import. Private keys never come here. */
import { createHash, createHmac, randomBytes, X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import forge from 'node-forge'
import { toPem } from './certificate.ts'
import {
  type Asn1,
  bigInteger,
  bmp,
  context,
  encode,
  fromBinary,
  nul,
  OID,
  octets,
  oid,
  sequence,
  set,
  smallInteger,
  toBinary,
} from './der.ts'

export const EXPORT_FORMATS = ['pem', 'der', 'p12', 'mobileconfig'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Java's own default: what `p12` is opened with. It guards nothing, the file holds public certificates only. */
export const P12_PASSWORD = 'changeit'

const DATA = '1.2.840.113549.1.7.1'
const CERT_BAG = '1.2.840.113549.1.12.10.1.3'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const FRIENDLY_NAME = '1.2.840.113549.1.9.20'
/** Without this attribute of Oracle's, Java reads a certificate but does not trust it. */
const JAVA_TRUSTED = '2.16.840.1.113894.746875.1.1'
const SHA256 = '2.16.840.1.101.3.4.2.1'
const MAC_PURPOSE = 3
const MAC_ROUNDS = 2048
const MAC_BYTES = 32

/** Node writes the subject with the escapes of RFC 2253. */
const commonName = (root: X509Certificate): string =>
  /^CN=(.+)$/mu.exec(root.subject)?.[1]?.replace(/\\(.)/gu, '$1') ?? 'Weir root'

/** A set in DER order. */
const sortedSet = (items: readonly Asn1[]): Asn1 =>
  set(...[...items].sort((a, b) => Buffer.compare(encode(a), encode(b))))

function certBag(root: X509Certificate): Asn1 {
  return sequence(
    oid(CERT_BAG),
    context(0, [sequence(oid(X509_CERTIFICATE), context(0, [octets(root.raw)]))]),
    sortedSet([
      sequence(oid(FRIENDLY_NAME), set(bmp(commonName(root)))),
      sequence(oid(JAVA_TRUSTED), set(oid(OID.anyExtKeyUsage))),
    ]),
  )
}

const dataInfo = (bytes: Uint8Array): Asn1 => sequence(oid(DATA), context(0, [octets(bytes)]))

/** PKCS#12 with certificates only, for Java key stores and Windows; its integrity key comes from `P12_PASSWORD`. */
function toPkcs12(roots: readonly X509Certificate[]): Buffer {
  const safes = encode(sequence(dataInfo(encode(sequence(...roots.map(certBag))))))
  const salt = randomBytes(16)
  const key = forge.pkcs12.generateKey(
    P12_PASSWORD,
    forge.util.createBuffer(toBinary(salt)),
    MAC_PURPOSE,
    MAC_ROUNDS,
    MAC_BYTES,
    forge.md.sha256.create(),
  )
  const mac = createHmac('sha256', fromBinary(key.getBytes())).update(safes).digest()
  return encode(
    sequence(
      smallInteger(3),
      dataInfo(safes),
      sequence(
        sequence(sequence(oid(SHA256), nul()), octets(mac)),
        octets(salt),
        bigInteger(Uint8Array.of(MAC_ROUNDS >> 8, MAC_ROUNDS & 255)),
      ),
    ),
  )
}

/** The same certificate always gets the same id, so that a profile replaces its earlier self (RFC 9562, version 8). */
function uuidOf(seed: Uint8Array | string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
    .join('-')
    .toUpperCase()
}

const escapeXml = (text: string): string =>
  text.replace(/[&<>]/gu, (mark) => (mark === '&' ? '&amp;' : mark === '<' ? '&lt;' : '&gt;'))

const plistDict = (entries: readonly (readonly [string, string])[]): string =>
  `<dict>${entries.map(([key, value]) => `<key>${key}</key>${value}`).join('')}</dict>`

const plistString = (text: string): string => `<string>${escapeXml(text)}</string>`

function rootPayload(root: X509Certificate): string {
  const uuid = uuidOf(root.raw)
  return plistDict([
    ['PayloadType', plistString('com.apple.security.root')],
    ['PayloadVersion', '<integer>1</integer>'],
    ['PayloadIdentifier', plistString(`weir.ca.${uuid}`)],
    ['PayloadUUID', plistString(uuid)],
    ['PayloadDisplayName', plistString(commonName(root))],
    ['PayloadCertificateFileName', plistString('weir-root.cer')],
    ['PayloadContent', `<data>${root.raw.toString('base64')}</data>`],
  ])
}

/** An Apple configuration profile, for MDM or a double click. Installed by hand it must still be trusted in the settings. */
function toMobileconfig(roots: readonly X509Certificate[]): string {
  const profile = plistDict([
    ['PayloadType', plistString('Configuration')],
    ['PayloadVersion', '<integer>1</integer>'],
    ['PayloadIdentifier', plistString('weir.ca')],
    ['PayloadUUID', plistString(uuidOf(`weir.ca ${roots.map(({ fingerprint256 }) => fingerprint256).join(' ')}`))],
    ['PayloadDisplayName', plistString('Weir certificate authority')],
    ['PayloadScope', plistString('System')],
    ['PayloadContent', `<array>${roots.map(rootPayload).join('')}</array>`],
  ])
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${profile}</plist>
`
}

/**
 * The roots in an import format. `pem` and `der` hold the first (current) root only, because importers of those read
 * one certificate; `p12` and `mobileconfig` hold earlier roots too.
 */
export function exportRoots(format: ExportFormat, roots: readonly [X509Certificate, ...X509Certificate[]]): Buffer {
  switch (format) {
    case 'pem':
      return Buffer.from(toPem(roots[0].raw))
    case 'der':
      return Buffer.from(roots[0].raw)
    case 'p12':
      return toPkcs12(roots)
    case 'mobileconfig':
      return Buffer.from(toMobileconfig(roots))
  }
}

/** PEM certificates of this machine's trust store; Mozilla's list, as Node brings it, where the machine has none. */
export function machineRoots(): readonly string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}

/**
 * Our roots together with the machine's, because the variables of curl, Python and others replace the trust store
 * instead of adding to it. Ours come first, nothing twice.
 */
export function mergedBundle(roots: readonly X509Certificate[], machine: readonly string[]): string {
  const seen = new Set<string>()
  const parts: string[] = []
  const add = (certificate: X509Certificate, title: string): void => {
    if (seen.has(certificate.fingerprint256)) return
    seen.add(certificate.fingerprint256)
    parts.push(`# ${title.replace(/[^ -~]/gu, '?')}\n${toPem(certificate.raw)}`)
  }
  for (const root of roots) add(root, `${commonName(root)} (Weir)`)
  for (const pem of machine) {
    const certificate = new X509Certificate(pem)
    add(certificate, certificate.subject.split('\n').reverse().join(', '))
  }
  return parts.join('\n')
}
