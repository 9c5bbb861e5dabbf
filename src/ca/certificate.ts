/** Builds and signs X.509 v3 certificates: forge's ASN.1, native signatures. Knows nothing of hosts or files. */
import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import type { SignatureAlgorithm, Signer } from './certificate-source.ts'
import {
  type Asn1,
  bigInteger,
  bits,
  boolean,
  children,
  content,
  context,
  decode,
  encode,
  nul,
  OID,
  octets,
  oid,
  sequence,
  set,
  smallInteger,
  time,
  utf8,
} from './der.ts'

export interface CertificateBody {
  /** DER of the issuer's name. */
  readonly issuer: Uint8Array
  /** DER of the subject's name. */
  readonly subject: Uint8Array
  /** Milliseconds since the epoch; certificates count whole seconds. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly publicKey: PublicKeyInfo
  readonly extensions: readonly Asn1[]
}

/** A public key as certificates carry it, prepared once because one key serves many leaves. */
export interface PublicKeyInfo {
  readonly node: Asn1
  /** SHA-1 of the key bits (RFC 5280 section 4.2.1.2, method 1): a name, not a security measure. */
  readonly keyId: Uint8Array
}

const ALGORITHMS: Readonly<Record<SignatureAlgorithm, () => Asn1>> = {
  'ecdsa-sha256': () => sequence(oid(OID.ecdsaSha256)),
  'ecdsa-sha384': () => sequence(oid(OID.ecdsaSha384)),
  'ecdsa-sha512': () => sequence(oid(OID.ecdsaSha512)),
  'rsa-sha256': () => sequence(oid(OID.rsaSha256), nul()),
}

export function publicKeyInfo(key: KeyObject): PublicKeyInfo {
  const node = decode(key.export({ type: 'spki', format: 'der' }))
  const keyBits = content(children(node)[1]).subarray(1)
  return { node, keyId: createHash('sha1').update(keyBits).digest() }
}

/** DER of a name made of UTF-8 attributes, e.g. `[[OID.commonName, 'a.test']]`; `[]` is the empty name. */
export const nameDer = (attributes: readonly (readonly [string, string])[]): Buffer =>
  encode(sequence(...attributes.map(([type, value]) => set(sequence(oid(type), utf8(value))))))

export const extension = (id: string, value: Asn1, isCritical = false): Asn1 =>
  isCritical ? sequence(oid(id), boolean(true), octets(encode(value))) : sequence(oid(id), octets(encode(value)))

/** subjectKeyIdentifier of the key, and authorityKeyIdentifier where an issuer is given. */
export const subjectKeyExtension = (keyId: Uint8Array): Asn1 => extension(OID.subjectKeyIdentifier, octets(keyId))

export const authorityKeyExtension = (keyId: Uint8Array): Asn1 =>
  extension(OID.authorityKeyIdentifier, sequence(context(0, keyId)))

/** 128 random bits, positive and without a leading zero byte. */
function serialNumber(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

function tbsCertificate(body: CertificateBody, algorithm: Asn1): Asn1 {
  return sequence(
    context(0, [smallInteger(2)]),
    bigInteger(serialNumber()),
    algorithm,
    decode(body.issuer),
    sequence(time(body.notBeforeMs), time(body.notAfterMs)),
    decode(body.subject),
    body.publicKey.node,
    context(3, [sequence(...body.extensions)]),
  )
}

/** Sign a certificate: DER, at once with a key in memory, later with a signer that must be waited for. */
export function signCertificate(body: CertificateBody, signer: Signer): Uint8Array | Promise<Uint8Array> {
  const algorithm = ALGORITHMS[signer.algorithm]()
  const tbs = tbsCertificate(body, algorithm)
  const join = (signature: Uint8Array): Buffer => encode(sequence(tbs, algorithm, bits(signature)))
  const signature = signer.sign(encode(tbs))
  return signature instanceof Uint8Array ? join(signature) : signature.then(join)
}

/** DER as PEM, lines of 64. */
export function toPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/gu) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
