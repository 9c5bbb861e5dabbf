/** The words of `ca/`: who signs leaves, and with which certificates. An HSM is one more `Signer`, nothing else changes. */
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Problem } from '../domain/settings.ts'
import type { NameConstraints } from './name-constraints.ts'

/** What we sign with: the digest follows the CA's key (P-384 asks for SHA-384). */
export type SignatureAlgorithm = 'ecdsa-sha256' | 'ecdsa-sha384' | 'ecdsa-sha512' | 'rsa-sha256'

/** Signs certificates with the CA's private key, wherever it lives. A promise leaves room for an HSM. */
export interface Signer {
  readonly algorithm: SignatureAlgorithm
  readonly publicKey: KeyObject
  /** Signature as it stands in a certificate (ECDSA: DER) over the DER of the TBSCertificate. */
  readonly sign: (tbs: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** A CA certificate with what `X509Certificate` does not tell. */
export interface CaCertificate {
  readonly x509: X509Certificate
  /** DER of the subject, byte for byte: the issuer of what it signs. */
  readonly subjectDer: Uint8Array
  readonly subjectKeyId: Uint8Array
  /** `null`: no limit. */
  readonly pathLength: number | null
  readonly isCa: boolean
  /** `true` when keyUsage is absent or names keyCertSign. */
  readonly maySignCertificates: boolean
  /** `true` when extKeyUsage is absent or allows TLS servers. */
  readonly mayIssueServers: boolean
  readonly nameConstraints: NameConstraints | null
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Everything leaves are made with. */
export interface CertificateSource {
  /** The signing certificate first, then its issuers; the root last where it is known. */
  readonly path: readonly [CaCertificate, ...CaCertificate[]]
  /** Other certificates to send after the leaf, beside `path`: the cross certificate after a rotation. */
  readonly extraChain: readonly CaCertificate[]
  /** Earlier roots that machines may still need, newest first. */
  readonly earlierRoots: readonly CaCertificate[]
  readonly signer: Signer
  /** `true`: made by Weir in the certs folder, so Weir may rotate it. */
  readonly isOwnRoot: boolean
  readonly warnings: readonly Problem[]
}

export type SourceResult =
  | { readonly ok: true; readonly source: CertificateSource }
  | { readonly ok: false; readonly problems: readonly Problem[] }
