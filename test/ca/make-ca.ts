/** CAs for tests, made in memory per run: any key, any flaw. Built from our own certificate code; openssl's are in `tools.ts`. */
import { createPublicKey, generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto'
import { readCaCertificate } from '../../src/ca/ca-certificate.ts'
import {
  authorityKeyExtension,
  extension,
  nameDer,
  publicKeyInfo,
  signCertificate,
  subjectKeyExtension,
  toPem,
} from '../../src/ca/certificate.ts'
import type { CaCertificate, CertificateSource, Signer } from '../../src/ca/certificate-source.ts'
import {
  type Asn1,
  bits,
  boolean,
  context,
  decode as decodeName,
  OID,
  oid,
  sequence,
  smallInteger,
} from '../../src/ca/der.ts'
import { algorithmOf, keySigner } from '../../src/ca/key-signer.ts'

export const NOW_MS = Date.UTC(2026, 10, 22, 10)
export const DAY_MS = 86_400_000

export interface TestCa {
  readonly certificate: CaCertificate
  readonly key: KeyObject
  readonly keyPem: string
  readonly pem: string
  readonly signer: Signer
}

export interface TestCaOptions {
  readonly name?: string
  readonly issuer?: TestCa
  readonly key?: 'ec' | 'rsa' | 'p384' | 'p521'
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
  readonly isCa?: boolean
  readonly pathLength?: number
  readonly maySign?: boolean
  readonly extKeyUsage?: readonly string[]
  /** `[permitted, excluded]`: dns names as strings, networks as 8 or 32 bytes, `dir` for a directory name. */
  readonly constraints?: readonly [readonly Subtree[], readonly Subtree[]]
  readonly hasKeyIds?: boolean
}

export type Subtree = string | Uint8Array | { readonly directory: string }

function makeKey(kind: 'ec' | 'rsa' | 'p384' | 'p521'): KeyObject {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const namedCurve = { ec: 'prime256v1', p384: 'secp384r1', p521: 'secp521r1' }[kind]
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

function subtree(base: Subtree): Asn1 {
  if (typeof base === 'string') return sequence(context(2, Buffer.from(base)))
  if (base instanceof Uint8Array) return sequence(context(7, base))
  return sequence(context(4, [sequenceOfName(base.directory)]))
}

const sequenceOfName = (name: string): Asn1 => decodeName(nameDer([[OID.organization, name]]))

/** DER of a NameConstraints value. */
export const constraintsNode = ([permitted, excluded]: readonly [readonly Subtree[], readonly Subtree[]]): Asn1 =>
  sequence(
    ...(permitted.length > 0 ? [context(0, permitted.map(subtree))] : []),
    ...(excluded.length > 0 ? [context(1, excluded.map(subtree))] : []),
  )

export function makeCa(options: TestCaOptions = {}): TestCa {
  const key = makeKey(options.key ?? 'ec')
  const algorithm = algorithmOf(key)
  if (!algorithm.ok) throw new Error(algorithm.message)
  const signer = keySigner(key, algorithm.algorithm)
  const info = publicKeyInfo(createPublicKey(key))
  const subject = nameDer([[OID.commonName, options.name ?? 'Test root']])
  const issuer = options.issuer
  const extensions: Asn1[] = []
  if (options.isCa !== false) {
    const limit = options.pathLength === undefined ? [] : [smallInteger(options.pathLength)]
    extensions.push(extension(OID.basicConstraints, sequence(boolean(true), ...limit), true))
  }
  extensions.push(extension(OID.keyUsage, bits(Uint8Array.of(options.maySign === false ? 0x80 : 0x06), 1), true))
  if (options.extKeyUsage) extensions.push(extension(OID.extKeyUsage, sequence(...options.extKeyUsage.map(oid))))
  if (options.constraints) extensions.push(extension(OID.nameConstraints, constraintsNode(options.constraints), true))
  if (options.hasKeyIds !== false) {
    extensions.push(subjectKeyExtension(info.keyId))
    extensions.push(authorityKeyExtension(issuer?.certificate.subjectKeyId ?? info.keyId))
  }
  const der = signCertificate(
    {
      issuer: issuer?.certificate.subjectDer ?? subject,
      subject,
      notBeforeMs: options.notBeforeMs ?? NOW_MS - 10 * DAY_MS,
      notAfterMs: options.notAfterMs ?? NOW_MS + 3650 * DAY_MS,
      publicKey: info,
      extensions,
    },
    issuer?.signer ?? signer,
  )
  if (der instanceof Promise) throw new Error('test signers answer at once')
  return {
    certificate: readCaCertificate(der),
    key,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    pem: toPem(der),
    signer,
  }
}

/** A source over test CAs, the signing one first. */
export function sourceOf(first: TestCa, ...issuers: readonly TestCa[]): CertificateSource {
  return {
    path: [first.certificate, ...issuers.map(({ certificate }) => certificate)],
    extraChain: [],
    earlierRoots: [],
    signer: first.signer,
    isOwnRoot: false,
    warnings: [],
  }
}

/** Subject's common name of a node certificate. */
export const commonNameOf = (certificate: X509Certificate): string | undefined =>
  /^CN=(.*)$/mu.exec(certificate.subject)?.[1]
