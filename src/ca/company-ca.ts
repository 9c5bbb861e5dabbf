/** Loads the company's own root or intermediate: PEM certificate and key, or PKCS#12. Nothing is ever written. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Problem } from '../domain/settings.ts'
import { readCaCertificate } from './ca-certificate.ts'
import { errorCode } from './ca-files.ts'
import type { CaCertificate, SourceResult } from './certificate-source.ts'
import { algorithmOf, keySigner } from './key-signer.ts'
import { readPkcs12 } from './pkcs12.ts'
import { CANNOT_READ, checkPath, orderPath, pathWarnings, problem, subjectOf } from './trust-path.ts'

/** Where the company's CA is; all paths as the process sees them. */
export interface CompanyCaFiles {
  readonly chain: string | null
  readonly key: string | null
  readonly pkcs12: string | null
  readonly passphraseFile: string | null
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu
const PEM_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z0-9 ]*PRIVATE KEY-----/u

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly Problem[] }

interface KeyAndCertificates {
  readonly keys: readonly KeyObject[]
  readonly certificates: readonly CaCertificate[]
  /** The file that messages about the certificates name. */
  readonly file: string
  readonly keyFile: string
}

const bad = (file: string, message: string): { readonly ok: false; readonly problems: readonly Problem[] } => ({
  ok: false,
  problems: [problem(file, message)],
})

/** A file's bytes, or why not. The error's own text is left out: its code says enough. */
export async function readCaFile(file: string): Promise<Read<Buffer>> {
  try {
    return { ok: true, value: await readFile(file) }
  } catch (error) {
    const code = errorCode(error)
    const hint = code === 'EACCES' ? 'let the user Weir runs as read it' : 'check the path in `certs`'
    return bad(file, `${CANNOT_READ} (${code}): ${hint}`)
  }
}

/** The certificates of a PEM text, in file order. */
export function readPemCertificates(file: string, text: string): Read<readonly CaCertificate[]> {
  const blocks = text.match(PEM_CERTIFICATE) ?? []
  if (blocks.length === 0) {
    return bad(
      file,
      'holds no PEM certificate: a DER file is turned by `openssl x509 -inform der -in FILE -out FILE.pem`',
    )
  }
  return readCertificates(file, blocks)
}

function readCertificates(file: string, blocks: readonly (string | Uint8Array)[]): Read<readonly CaCertificate[]> {
  const value: CaCertificate[] = []
  const problems: Problem[] = []
  for (const [index, block] of blocks.entries()) {
    try {
      value.push(readCaCertificate(block))
    } catch {
      problems.push(problem(file, `certificate ${index + 1} of ${blocks.length} cannot be read: it is damaged`))
    }
  }
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems }
}

/** A private key from PEM, encrypted or not. Messages never hold OpenSSL's text, which may quote input. */
export function readPemKey(file: string, text: string, passphrase: string | null): Read<KeyObject> {
  const block = PEM_KEY.exec(text)?.[0]
  if (block === undefined) return bad(file, 'holds no PEM private key')
  const isEncrypted = block.includes('ENCRYPTED')
  if (isEncrypted && passphrase === null) {
    return bad(file, 'the key is encrypted: name the file with its passphrase in `certs.passphraseFile`')
  }
  try {
    return { ok: true, value: createPrivateKey({ key: block, ...(passphrase === null ? {} : { passphrase }) }) }
  } catch {
    return bad(
      file,
      isEncrypted ? 'the key cannot be decrypted: the passphrase is wrong' : 'the private key is damaged',
    )
  }
}

async function readPassphrase(file: string | null): Promise<Read<string | null>> {
  if (file === null) return { ok: true, value: null }
  const read = await readCaFile(file)
  return read.ok ? { ok: true, value: read.value.toString('utf8').replace(/\r?\n$/u, '') } : read
}

async function readFromPkcs12(file: string, passphrase: string | null): Promise<Read<KeyAndCertificates>> {
  const bytes = await readCaFile(file)
  if (!bytes.ok) return bytes
  const contents = readPkcs12(bytes.value, passphrase)
  if (!contents.ok) return bad(file, contents.message)
  if (contents.keys.length === 0) return bad(file, 'holds no private key: export it with the key')
  if (contents.certificates.length === 0) return bad(file, 'holds no certificate: export it with its chain')
  const certificates = readCertificates(file, contents.certificates)
  if (!certificates.ok) return certificates
  return { ok: true, value: { keys: contents.keys, certificates: certificates.value, file, keyFile: file } }
}

async function readFromPem(
  file: string,
  keyFile: string,
  passphrase: string | null,
): Promise<Read<KeyAndCertificates>> {
  const [chainText, keyText] = await Promise.all([readCaFile(file), readCaFile(keyFile)])
  const certificates = chainText.ok ? readPemCertificates(file, chainText.value.toString('latin1')) : chainText
  const key = keyText.ok ? readPemKey(keyFile, keyText.value.toString('latin1'), passphrase) : keyText
  if (certificates.ok && key.ok) {
    return { ok: true, value: { keys: [key.value], certificates: certificates.value, file, keyFile } }
  }
  return { ok: false, problems: [certificates, key].flatMap((read) => (read.ok ? [] : read.problems)) }
}

/** Which of the two forms is configured; says what is missing of a half one. */
async function readFiles(files: CompanyCaFiles): Promise<Read<KeyAndCertificates>> {
  const { chain, key, pkcs12 } = files
  const passphrase = await readPassphrase(files.passphraseFile)
  if (!passphrase.ok) return passphrase
  if (pkcs12 !== null) {
    if (chain === null && key === null) return readFromPkcs12(pkcs12, passphrase.value)
    return bad(pkcs12, 'set either `certs.pkcs12` or `certs.chain` with `certs.key`, not both')
  }
  if (chain === null || key === null) {
    return bad(chain ?? key ?? '', `\`certs.${chain === null ? 'chain' : 'key'}\` is missing: a CA needs both files`)
  }
  return readFromPem(chain, key, passphrase.value)
}

const carries = (key: KeyObject, { x509 }: CaCertificate): boolean => x509.checkPrivateKey(key)

/** Load and check the company's CA. Every problem is found at once where one does not hide the other. */
export async function loadCompanyCa(files: CompanyCaFiles, nowMs: number): Promise<SourceResult> {
  const read = await readFiles(files)
  if (!read.ok) return read
  const { keys, certificates, file, keyFile } = read.value
  const key = keys.find((one) => certificates.some((certificate) => carries(one, certificate)))
  const path = key === undefined ? null : orderPath(certificates, (certificate) => carries(key, certificate))
  if (key === undefined || path === null) {
    return bad(keyFile, `the private key belongs to no certificate in ${file}: use the key of the CA certificate`)
  }
  const algorithm = algorithmOf(key)
  const problems = checkPath(file, path, nowMs)
  if (!algorithm.ok) problems.push(problem(keyFile, algorithm.message))
  if (!algorithm.ok || problems.length > 0) return { ok: false, problems }
  const unused = certificates
    .filter((certificate) => !path.includes(certificate))
    .map((one) => problem(file, `\`${subjectOf(one)}\` is not part of the CA's chain and is not sent`, 'warning'))
  return {
    ok: true,
    source: {
      path,
      extraChain: [],
      earlierRoots: [],
      signer: keySigner(key, algorithm.algorithm),
      isOwnRoot: false,
      warnings: [...pathWarnings(file, path, nowMs), ...unused],
    },
  }
}
