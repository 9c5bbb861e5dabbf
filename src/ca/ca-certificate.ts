/** Reads a CA certificate: what signing, path checks and name constraints need of it. */
import { createHash, X509Certificate } from 'node:crypto'
import type { CaCertificate } from './certificate-source.ts'
import { type Asn1, children, content, decode, encode, isContext, isUniversal, OID, readOid } from './der.ts'
import { readNameConstraints } from './name-constraints.ts'

const BOOLEAN = 1
const INTEGER = 2
const OCTET_STRING = 4
const KEY_CERT_SIGN = 0x04

interface Parsed {
  readonly subject: Asn1
  readonly publicKeyBits: Uint8Array
  readonly extensions: ReadonlyMap<string, Buffer>
}

function parse(der: Uint8Array): Parsed {
  const tbs = children(children(decode(der))[0])
  const hasVersion = tbs[0] !== undefined && isContext(tbs[0], 0)
  const fields = hasVersion ? tbs.slice(1) : tbs
  const [, , , , subject, spki] = fields
  if (subject === undefined) throw new Error('ASN.1: no subject')
  const wrapper = fields.find((field) => isContext(field, 3))
  const list = wrapper === undefined ? [] : children(children(wrapper)[0])
  return {
    subject,
    publicKeyBits: content(children(spki)[1]).subarray(1),
    extensions: new Map(list.map((extension) => readExtension(children(extension)))),
  }
}

function readExtension(parts: readonly Asn1[]): [string, Buffer] {
  return [readOid(parts[0]), content(parts.find((part) => isUniversal(part, OCTET_STRING)))]
}

function readBasicConstraints(der: Buffer | undefined): { isCa: boolean; pathLength: number | null } {
  if (der === undefined) return { isCa: false, pathLength: null }
  const parts = children(decode(der))
  const flag = parts.find((part) => isUniversal(part, BOOLEAN))
  const limit = parts.find((part) => isUniversal(part, INTEGER))
  return {
    isCa: flag !== undefined && content(flag)[0] !== 0,
    pathLength: limit === undefined ? null : content(limit).readUIntBE(0, Math.min(content(limit).length, 6)),
  }
}

/** keyUsage is a bit string: one byte of unused bits, then the bits. */
function readKeyUsage(der: Buffer | undefined): boolean {
  return der === undefined || ((content(decode(der))[1] ?? 0) & KEY_CERT_SIGN) !== 0
}

function readExtKeyUsage(der: Buffer | undefined): boolean {
  if (der === undefined) return true
  const uses = children(decode(der)).map((use) => readOid(use))
  return uses.includes(OID.serverAuth) || uses.includes(OID.anyExtKeyUsage)
}

/** Read one certificate from PEM or DER. Throws an Error that says what is wrong with it. */
export function readCaCertificate(bytes: Uint8Array | string): CaCertificate {
  const x509 = new X509Certificate(bytes)
  const { subject, publicKeyBits, extensions } = parse(x509.raw)
  const keyId = extensions.get(OID.subjectKeyIdentifier)
  const constraints = extensions.get(OID.nameConstraints)
  return {
    x509,
    subjectDer: encode(subject),
    subjectKeyId: keyId === undefined ? createHash('sha1').update(publicKeyBits).digest() : content(decode(keyId)),
    ...readBasicConstraints(extensions.get(OID.basicConstraints)),
    maySignCertificates: readKeyUsage(extensions.get(OID.keyUsage)),
    mayIssueServers: readExtKeyUsage(extensions.get(OID.extKeyUsage)),
    nameConstraints: constraints === undefined ? null : readNameConstraints(constraints),
    notBeforeMs: x509.validFromDate.getTime(),
    notAfterMs: x509.validToDate.getTime(),
  }
}

/** Signed by its own key: nothing stands above it. */
export const isSelfSigned = ({ x509 }: CaCertificate): boolean =>
  x509.subject === x509.issuer && x509.verify(x509.publicKey)

/** Did `issuer` sign `certificate`? By name and by signature. */
export const isIssuedBy = (certificate: CaCertificate, issuer: CaCertificate): boolean =>
  certificate.x509.checkIssued(issuer.x509) && certificate.x509.verify(issuer.x509.publicKey)
