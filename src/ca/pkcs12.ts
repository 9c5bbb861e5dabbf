/** Unwraps PKCS#12 (RFC 7292) by forge's ASN.1. Keys are handed to node:crypto as PKCS#8; forge never reads one. */
import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  type KeyObject,
  pbkdf2Sync,
  timingSafeEqual,
} from 'node:crypto'
import forge from 'node-forge'
import {
  type Asn1,
  children,
  content,
  decode,
  encode,
  fromBinary,
  isContext,
  isUniversal,
  readOid,
  toBinary,
} from './der.ts'

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'
const CERT_BAG = '1.2.840.113549.1.12.10.1.3'
const NESTED_BAG = '1.2.840.113549.1.12.10.1.6'
const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const INTEGER = 2
const MAC_KEY_PURPOSE = 3
/** More rounds than any tool writes; fewer than would hold up the start for minutes. */
const MAX_ROUNDS = 10_000_000

const DIGESTS: Readonly<
  Record<string, { readonly name: 'sha1' | 'sha256' | 'sha384' | 'sha512'; readonly bytes: number }>
> = {
  '1.3.14.3.2.26': { name: 'sha1', bytes: 20 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64 },
}

const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
}

/** forge's password based ciphers of PKCS#12 itself; missing from its type declarations. */
interface ForgePbe {
  readonly getCipher: (oid: string, parameters: Asn1 | undefined, password: string) => ForgeCipher
}
interface ForgeCipher {
  readonly update: (data: forge.util.ByteBuffer) => void
  readonly finish: () => boolean
  readonly output: forge.util.ByteBuffer
}

export type Pkcs12Result =
  | { readonly ok: true; readonly keys: readonly KeyObject[]; readonly certificates: readonly Buffer[] }
  | { readonly ok: false; readonly message: string }

/** A reason for the user; anything else that is thrown means a damaged file. */
class Pkcs12Problem extends Error {}

const unsupported = (what: string, id: string): Pkcs12Problem =>
  new Pkcs12Problem(`${what} \`${id}\` is not supported: write the file again with \`openssl pkcs12 -export\``)

const readNumber = (node: Asn1 | undefined): number => {
  const bytes = content(node)
  return bytes.length > 6 ? Number.POSITIVE_INFINITY : bytes.readUIntBE(0, bytes.length)
}

const readRounds = (node: Asn1 | undefined): number => {
  const rounds = readNumber(node)
  if (rounds < 1 || rounds > MAX_ROUNDS) throw new Pkcs12Problem('its key derivation asks for too many rounds')
  return rounds
}

/** `null` and the empty password derive different keys; files without a password use either. */
function macMatches(mac: Asn1, data: Buffer, password: string | null): boolean {
  const [digestInfo, salt, rounds] = children(mac)
  const [algorithm, expected] = children(digestInfo)
  const id = readOid(children(algorithm)[0])
  const digest = DIGESTS[id]
  // PBMAC1 and others: unchecked, because a wrong key or a damaged file shows when key and certificate are compared.
  if (digest === undefined) return true
  const derived = forge.pkcs12.generateKey(
    password,
    forge.util.createBuffer(toBinary(content(salt))),
    MAC_KEY_PURPOSE,
    rounds === undefined ? 1 : readRounds(rounds),
    digest.bytes,
    forge.md[digest.name].create(),
  )
  const actual = createHmac(digest.name, fromBinary(derived.getBytes())).update(data).digest()
  const wanted = content(expected)
  return wanted.length === actual.length && timingSafeEqual(wanted, actual)
}

/** PBES2 (RFC 8018): PBKDF2 and a CBC cipher, both native. */
function decryptPbes2(parameters: Asn1 | undefined, data: Buffer, password: string): Buffer {
  const [derivation, encryption] = children(parameters)
  const [derivationId, derivationParameters] = children(derivation)
  if (readOid(derivationId) !== PBKDF2) throw unsupported('key derivation', readOid(derivationId))
  const [salt, rounds, ...rest] = children(derivationParameters)
  const prf = rest.find((part) => !isUniversal(part, INTEGER))
  const prfId = prf === undefined ? '1.2.840.113549.2.7' : readOid(children(prf)[0])
  const [cipherId, iv] = children(encryption)
  const cipher = CIPHERS[readOid(cipherId)]
  const hmac = HMACS[prfId]
  if (cipher === undefined) throw unsupported('cipher', readOid(cipherId))
  if (hmac === undefined) throw unsupported('pseudo-random function', prfId)
  const key = pbkdf2Sync(password, content(salt), readRounds(rounds), cipher.keyBytes, hmac)
  const decipher = createDecipheriv(cipher.name, key, content(iv))
  try {
    return Buffer.concat([decipher.update(data), decipher.final()])
  } catch {
    throw new Pkcs12Problem('the passphrase is wrong')
  }
}

function decryptOld(id: string, parameters: Asn1 | undefined, data: Buffer, password: string): Buffer {
  const pbe = (forge.pki as unknown as { readonly pbe: ForgePbe }).pbe
  let cipher: ForgeCipher
  try {
    cipher = pbe.getCipher(id, parameters, password)
  } catch {
    throw unsupported('encryption', id)
  }
  cipher.update(forge.util.createBuffer(toBinary(data)))
  if (!cipher.finish()) throw new Pkcs12Problem('the passphrase is wrong')
  return fromBinary(cipher.output.getBytes())
}

/** EncryptedData of PKCS#7 → the plain SafeContents. */
function decryptContents(node: Asn1 | undefined, password: string): Buffer {
  const info = children(children(node).find((part) => (part.type as number) === 16))
  const [algorithmId, parameters] = children(info[1])
  const encrypted = info.find((part) => isContext(part, 0))
  const id = readOid(algorithmId)
  const data = content(encrypted)
  return id === PBES2 ? decryptPbes2(parameters, data, password) : decryptOld(id, parameters, data, password)
}

interface Contents {
  readonly keys: KeyObject[]
  readonly certificates: Buffer[]
}

function readBag(bag: Asn1, password: string, into: Contents): void {
  const [id, wrapped] = children(bag)
  const value = children(wrapped)[0]
  if (value === undefined) return
  switch (readOid(id)) {
    case KEY_BAG:
      into.keys.push(createPrivateKey({ key: encode(value), format: 'der', type: 'pkcs8' }))
      return
    case SHROUDED_KEY_BAG:
      into.keys.push(readShroudedKey(value, password))
      return
    case CERT_BAG:
      into.certificates.push(content(children(children(value)[1])[0]))
      return
    case NESTED_BAG:
      for (const inner of children(value)) readBag(inner, password, into)
  }
}

/** EncryptedPrivateKeyInfo. The passphrase was proved by the MAC, so a failure here is an unknown cipher. */
function readShroudedKey(value: Asn1, password: string): KeyObject {
  const [algorithm, data] = children(value)
  const [id, parameters] = children(algorithm)
  const encrypted = content(data)
  const plain =
    readOid(id) === PBES2
      ? decryptPbes2(parameters, encrypted, password)
      : decryptOld(readOid(id), parameters, encrypted, password)
  return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
}

function unwrap(bytes: Uint8Array, passphrase: string | null): Pkcs12Result {
  const [, authSafe, mac] = children(decode(bytes))
  const [kind, wrapped] = children(authSafe)
  if (readOid(kind) === SIGNED_DATA)
    throw new Pkcs12Problem('it is signed by a certificate, not by a passphrase: export it with one')
  const safes = content(children(wrapped)[0])
  const tries = passphrase === null ? [null, ''] : [passphrase]
  if (mac !== undefined && !tries.some((password) => macMatches(mac, safes, password))) {
    throw new Pkcs12Problem(
      passphrase === null ? 'it has a passphrase: name its file in `certs.passphraseFile`' : 'the passphrase is wrong',
    )
  }
  const into: Contents = { keys: [], certificates: [] }
  for (const info of children(decode(safes))) {
    const [id, body] = children(info)
    const inner = children(body)[0]
    const isEncrypted = readOid(id) === ENCRYPTED_DATA
    const plain = isEncrypted ? decryptContents(inner, passphrase ?? '') : content(inner)
    for (const bag of children(decode(plain))) readBag(bag, passphrase ?? '', into)
  }
  return { ok: true, ...into }
}

/** Keys and certificates (DER) of a PKCS#12 file, in file order. Messages never hold the passphrase or key bytes. */
export function readPkcs12(bytes: Uint8Array, passphrase: string | null): Pkcs12Result {
  try {
    return unwrap(bytes, passphrase)
  } catch (error) {
    if (error instanceof Pkcs12Problem) return { ok: false, message: error.message }
    return { ok: false, message: 'it is no PKCS#12 file, or a damaged one' }
  }
}
