/** A signer over a private key in memory; node:crypto does the work. An HSM would be a sibling of this file. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { SignatureAlgorithm, Signer } from './certificate-source.ts'

const DIGESTS: Readonly<Record<SignatureAlgorithm, string>> = {
  'ecdsa-sha256': 'sha256',
  'ecdsa-sha384': 'sha384',
  'ecdsa-sha512': 'sha512',
  'rsa-sha256': 'sha256',
}

const CURVES: Readonly<Record<string, SignatureAlgorithm>> = {
  prime256v1: 'ecdsa-sha256',
  secp384r1: 'ecdsa-sha384',
  secp521r1: 'ecdsa-sha512',
}

const MIN_RSA_BITS = 2048

export type AlgorithmResult =
  | { readonly ok: true; readonly algorithm: SignatureAlgorithm }
  | { readonly ok: false; readonly message: string }

/** How a key signs certificates that TLS clients accept; says what is wrong with a key that cannot. */
export function algorithmOf(key: KeyObject): AlgorithmResult {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') {
    const modulusBits = details?.modulusLength ?? 0
    if (modulusBits >= MIN_RSA_BITS) return { ok: true, algorithm: 'rsa-sha256' }
    return { ok: false, message: `the RSA key has ${modulusBits} bits, clients ask for at least ${MIN_RSA_BITS}` }
  }
  const curve = details?.namedCurve ?? ''
  const algorithm = key.asymmetricKeyType === 'ec' ? CURVES[curve] : undefined
  if (algorithm !== undefined) return { ok: true, algorithm }
  const kind = [key.asymmetricKeyType ?? 'unknown', curve].filter((word) => word !== '').join(' ')
  return {
    ok: false,
    message: `a key of the kind \`${kind}\` cannot sign for TLS clients: use RSA or EC P-256, P-384, P-521`,
  }
}

/** Make a signer of a private key whose algorithm `algorithmOf` named. */
export function keySigner(privateKey: KeyObject, algorithm: SignatureAlgorithm): Signer {
  const digest = DIGESTS[algorithm]
  return {
    algorithm,
    publicKey: createPublicKey(privateKey),
    sign: (tbs) => sign(digest, tbs, privateKey),
  }
}
