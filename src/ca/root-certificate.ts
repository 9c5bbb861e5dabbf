/** Certificates of Weir's own root: self-signed, and crossed by the root before it. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  authorityKeyExtension,
  extension,
  nameDer,
  publicKeyInfo,
  signCertificate,
  subjectKeyExtension,
  toPem,
} from './certificate.ts'
import type { CaCertificate, SignatureAlgorithm, Signer } from './certificate-source.ts'
import { bits, boolean, OID, sequence, smallInteger } from './der.ts'
import { keySigner } from './key-signer.ts'

const DAY_MS = 86_400_000
const ROOT_DAYS = 3650
const KEY_CERT_SIGN_AND_CRL_SIGN = 0x06

/** What Weir's own root signs with. */
export const OWN_ALGORITHM: SignatureAlgorithm = 'ecdsa-sha256'

/** A fresh EC P-256 private key, PKCS#8 PEM: for the key file and nothing else. */
export const newRootKeyPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

interface CaBody {
  readonly key: KeyObject
  readonly signer: Signer
  readonly issuer: CaCertificate | null
  readonly pathLength: number
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A CA certificate for a key: self-signed, or by the root before it. The name holds part of the key's digest, so no two roots share it. */
async function caCertificatePem({ key, signer, issuer, pathLength, notBeforeMs, notAfterMs }: CaBody): Promise<string> {
  const info = publicKeyInfo(createPublicKey(key))
  const label = Buffer.from(info.keyId).toString('hex').slice(0, 8).toUpperCase()
  const subject = nameDer([
    [OID.organization, 'Weir'],
    [OID.commonName, `Weir root ${label}`],
  ])
  const der = await signCertificate(
    {
      issuer: issuer?.subjectDer ?? subject,
      subject,
      notBeforeMs,
      notAfterMs,
      publicKey: info,
      extensions: [
        extension(OID.basicConstraints, sequence(boolean(true), smallInteger(pathLength)), true),
        extension(OID.keyUsage, bits(Uint8Array.of(KEY_CERT_SIGN_AND_CRL_SIGN), 1), true),
        subjectKeyExtension(info.keyId),
        authorityKeyExtension(issuer?.subjectKeyId ?? info.keyId),
      ],
    },
    signer,
  )
  return toPem(der)
}

/** Path length 1 leaves room for the cross certificate of the next rotation. */
export const selfSignedRootPem = (key: KeyObject, nowMs: number): Promise<string> =>
  caCertificatePem({
    key,
    signer: keySigner(key, OWN_ALGORITHM),
    issuer: null,
    pathLength: 1,
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + ROOT_DAYS * DAY_MS,
  })

/**
 * A second certificate for the new root's key, signed by the old root: machines that trust only the old root
 * accept new leaves through it until the old root ends.
 */
export const crossCertificatePem = (
  newKey: KeyObject,
  old: { readonly certificate: CaCertificate; readonly signer: Signer },
  nowMs: number,
): Promise<string> =>
  caCertificatePem({
    key: newKey,
    signer: old.signer,
    issuer: old.certificate,
    pathLength: 0,
    notBeforeMs: Math.max(nowMs - DAY_MS, old.certificate.notBeforeMs),
    notAfterMs: Math.min(nowMs + ROOT_DAYS * DAY_MS, old.certificate.notAfterMs),
  })
