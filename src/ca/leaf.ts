/** Makes the certificate of one host: one name, the process's one key, as short-lived as config says. */
import { generateKeyPairSync } from 'node:crypto'
import { isIpLiteral } from '../domain/destination.ts'
import {
  authorityKeyExtension,
  type CertificateBody,
  extension,
  nameDer,
  type PublicKeyInfo,
  publicKeyInfo,
  signCertificate,
  subjectKeyExtension,
} from './certificate.ts'
import type { CaCertificate, CertificateSource } from './certificate-source.ts'
import { type Asn1, bits, context, OID, oid, sequence } from './der.ts'
import { constrainsSubjects, constraintAgainst, ipBytes } from './name-constraints.ts'

/** Clocks differ: a leaf is valid from a little before it was made. */
const BACKDATE_MS = 3_600_000
const DAY_MS = 86_400_000
/** Upper bound of commonName (RFC 5280 appendix A). */
const MAX_COMMON_NAME = 64
const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u

/** The key pair all leaves of a process share. The private part goes to TLS only. */
export interface LeafKey {
  readonly info: PublicKeyInfo
  readonly privatePem: string
}

export interface LeafOptions {
  readonly source: CertificateSource
  readonly key: LeafKey
  readonly leafDays: number
  readonly nowMs: number
}

export interface Leaf {
  readonly der: Uint8Array
  readonly notAfterMs: number
}

export function makeLeafKey(): LeafKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { info: publicKeyInfo(publicKey), privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}

/** When the first certificate of the path ends; nothing below may outlive it. */
export const endOfPath = (source: CertificateSource): CaCertificate =>
  source.path.reduce((first, next) => (next.notAfterMs < first.notAfterMs ? next : first))

/** Why no leaf can be made for `host` (canonical) now; `null` when one can. */
export function refusalToMint(source: CertificateSource, host: string, nowMs: number): string | null {
  if (!isIpLiteral(host) && !HOST_NAME.test(host)) return 'the name is no host name that a certificate can carry'
  const first = endOfPath(source)
  if (first.notAfterMs <= nowMs) return `the CA certificate expired on ${new Date(first.notAfterMs).toISOString()}`
  for (const { nameConstraints } of source.path) {
    const against = nameConstraints === null ? null : constraintAgainst(nameConstraints, host)
    if (against !== null) return against
  }
  return null
}

const DIGITAL_SIGNATURE = bits(Uint8Array.of(0x80), 7)
const KEY_USAGE = extension(OID.keyUsage, DIGITAL_SIGNATURE, true)
const EXT_KEY_USAGE = extension(OID.extKeyUsage, sequence(oid(OID.serverAuth)))
const NOT_A_CA = extension(OID.basicConstraints, sequence(), true)
const NO_SUBJECT = nameDer([])

/** One DNS or IP name. Critical when the subject is empty (RFC 5280 section 4.2.1.6). */
function subjectAltName(host: string, isCritical: boolean): Asn1 {
  const name = isIpLiteral(host) ? context(7, ipBytes(host)) : context(2, Buffer.from(host, 'latin1'))
  return extension(OID.subjectAltName, sequence(name), isCritical)
}

function leafBody(host: string, { source, key, leafDays, nowMs }: LeafOptions, notAfterMs: number): CertificateBody {
  const [issuer] = source.path
  const hasSubject =
    host.length <= MAX_COMMON_NAME &&
    source.path.every(({ nameConstraints }) => nameConstraints === null || !constrainsSubjects(nameConstraints))
  const earliestMs = Math.max(...source.path.map(({ notBeforeMs }) => notBeforeMs))
  return {
    issuer: issuer.subjectDer,
    subject: hasSubject ? nameDer([[OID.commonName, host]]) : NO_SUBJECT,
    notBeforeMs: Math.max(nowMs - Math.min(BACKDATE_MS, leafDays * DAY_MS), earliestMs),
    notAfterMs,
    publicKey: key.info,
    extensions: [
      NOT_A_CA,
      KEY_USAGE,
      EXT_KEY_USAGE,
      subjectAltName(host, !hasSubject),
      subjectKeyExtension(key.info.keyId),
      authorityKeyExtension(issuer.subjectKeyId),
    ],
  }
}

/** Make the leaf of `host` (canonical). Ask `refusalToMint` first. */
export function mintLeaf(host: string, options: LeafOptions): Leaf | Promise<Leaf> {
  const notAfterMs = Math.min(options.nowMs + options.leafDays * DAY_MS, endOfPath(options.source).notAfterMs)
  const der = signCertificate(leafBody(host, options, notAfterMs), options.source.signer)
  return der instanceof Uint8Array ? { der, notAfterMs } : der.then((signed) => ({ der: signed, notAfterMs }))
}
