/**
 * Weir's own root in the certs folder: made on first start, loaded ever after, rotated on request.
 * Safe when two processes start at once: files appear whole or not at all, and the first one to appear counts.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Problem } from '../domain/settings.ts'
import { isIssuedBy, isSelfSigned, readCaCertificate } from './ca-certificate.ts'
import { errorCode, exists, publishOnce } from './ca-files.ts'
import type { CaCertificate, SourceResult } from './certificate-source.ts'
import { readCaFile, readPemCertificates, readPemKey } from './company-ca.ts'
import { algorithmOf, keySigner } from './key-signer.ts'
import { newRootKeyPem, OWN_ALGORITHM, selfSignedRootPem } from './root-certificate.ts'
import { CANNOT_USE, checkPath, pathWarnings, problem } from './trust-path.ts'

export const KEY_FILE = 'root.key'
export const CERT_FILE = 'root.crt'
export const CROSS_FILE = 'root-cross.crt'
export const NEXT_KEY_FILE = 'root.next.key'
export const NEXT_CERT_FILE = 'root.next.crt'
const EARLIER = /^root-\d{4}-\d{2}-\d{2}(?:-\d+)?\.crt$/u
/** A rotation renames two files; a reader between the two looks again. */
const MISMATCH_RETRIES = 5
const MISMATCH_WAIT_MS = 40

export interface OwnRootOptions {
  readonly dir: string
  readonly nowMs: number
}

/** Make what is missing: the key first, then its certificate, so that a certificate without a key means a lost key. */
async function ensureRoot({ dir, nowMs }: OwnRootOptions): Promise<Problem | null> {
  await mkdir(dir, { recursive: true })
  const keyFile = join(dir, KEY_FILE)
  const certFile = join(dir, CERT_FILE)
  const hadCertificate = await exists(certFile)
  if (!(await exists(keyFile))) {
    if (hadCertificate) {
      return problem(
        keyFile,
        `is missing beside ${CERT_FILE}: restore it, or remove both for a new root that all machines must then trust`,
      )
    }
    await publishOnce(keyFile, newRootKeyPem(), 'owner')
  }
  if (hadCertificate) return null
  const key = readPemKey(keyFile, await readFile(keyFile, 'latin1'), null)
  if (!key.ok) return key.problems[0] ?? null
  const algorithm = algorithmOf(key.value)
  if (!algorithm.ok || algorithm.algorithm !== OWN_ALGORITHM) {
    return problem(
      keyFile,
      `has no ${CERT_FILE} beside it and is no EC P-256 key: a CA of your own is set by \`certs.chain\` and \`certs.key\``,
    )
  }
  await publishOnce(certFile, await selfSignedRootPem(key.value, nowMs), 'everybody')
  return null
}

export interface KeyAndCertificate {
  readonly key: KeyObject
  readonly certificate: CaCertificate
}

export type PairResult =
  | { readonly ok: true; readonly pair: KeyAndCertificate }
  | { readonly ok: false; readonly problems: readonly Problem[] }

async function readPair(dir: string): Promise<PairResult> {
  const [keyFile, certFile] = [join(dir, KEY_FILE), join(dir, CERT_FILE)]
  const [keyText, certText] = await Promise.all([readCaFile(keyFile), readCaFile(certFile)])
  const key = keyText.ok ? readPemKey(keyFile, keyText.value.toString('latin1'), null) : keyText
  const read = certText.ok ? readPemCertificates(certFile, certText.value.toString('latin1')) : certText
  if (!key.ok || !read.ok) {
    return { ok: false, problems: [key, read].flatMap((one) => (one.ok ? [] : one.problems)) }
  }
  const [certificate] = read.value
  if (certificate?.x509.checkPrivateKey(key.value) === true) return { ok: true, pair: { key: key.value, certificate } }
  const message = `does not belong to ${KEY_FILE}: restore the pair, or remove both for a new root that all machines must then trust`
  return { ok: false, problems: [problem(certFile, message)] }
}

/** A rotation that died between its two renames left the new certificate beside the new key. */
async function finishRotation(dir: string): Promise<void> {
  const text = (name: string): Promise<string> => readFile(join(dir, name), 'latin1')
  const next = readCaCertificate(await text(NEXT_CERT_FILE))
  const key = createPrivateKey(await text(KEY_FILE))
  if (next.x509.checkPrivateKey(key)) await rename(join(dir, NEXT_CERT_FILE), join(dir, CERT_FILE))
}

/** The pair, after waiting for or finishing a rotation that is between its two renames. */
export async function loadPair(dir: string): Promise<PairResult> {
  let result = await readPair(dir)
  for (let tries = 0; !result.ok && tries < MISMATCH_RETRIES && (await exists(join(dir, NEXT_CERT_FILE))); tries += 1) {
    await delay(MISMATCH_WAIT_MS)
    result = await readPair(dir)
  }
  if (result.ok) return result
  await finishRotation(dir).catch(() => undefined)
  return readPair(dir)
}

/** Roots of earlier rotations that are still valid, newest first; broken files among them are left out. */
async function earlierRoots(dir: string, nowMs: number): Promise<CaCertificate[]> {
  const names = (await readdir(dir)).filter((name) => EARLIER.test(name))
  const roots: CaCertificate[] = []
  for (const name of names) {
    const read = readPemCertificates(name, await readFile(join(dir, name), 'latin1').catch(() => ''))
    if (read.ok) roots.push(...read.value.filter((root) => isSelfSigned(root) && root.notAfterMs > nowMs))
  }
  return roots.sort((a, b) => b.notBeforeMs - a.notBeforeMs)
}

/** The cross certificate, while it fits the root and is valid: machines that trust only the root before accept our leaves. */
async function crossCertificates(
  dir: string,
  root: CaCertificate,
  old: readonly CaCertificate[],
  nowMs: number,
): Promise<CaCertificate[]> {
  const text = await readFile(join(dir, CROSS_FILE), 'latin1').catch(() => '')
  const read = readPemCertificates(CROSS_FILE, text)
  if (!read.ok) return []
  return read.value.filter(
    (cross) =>
      cross.notAfterMs > nowMs &&
      cross.x509.publicKey.equals(root.x509.publicKey) &&
      old.some((issuer) => isIssuedBy(cross, issuer)),
  )
}

/** Windows has no such bits; elsewhere others must not read the key. */
async function keyWarnings(dir: string): Promise<Problem[]> {
  if (process.platform === 'win32') return []
  const file = join(dir, KEY_FILE)
  const { mode } = await stat(file)
  return (mode & 0o077) === 0 ? [] : [problem(file, 'can be read by others: run `chmod 600` on it', 'warning')]
}

/** Load Weir's own root, making it when there is none. */
export async function loadOwnRoot(options: OwnRootOptions): Promise<SourceResult> {
  const { dir, nowMs } = options
  try {
    const missing = await ensureRoot(options)
    if (missing !== null) return { ok: false, problems: [missing] }
    const loaded = await loadPair(dir)
    if (!loaded.ok) return loaded
    const { key, certificate } = loaded.pair
    const file = join(dir, CERT_FILE)
    const algorithm = algorithmOf(key)
    const problems = checkPath(file, [certificate], nowMs)
    if (!algorithm.ok) problems.push(problem(join(dir, KEY_FILE), algorithm.message))
    if (!algorithm.ok || problems.length > 0) return { ok: false, problems }
    const old = await earlierRoots(dir, nowMs)
    return {
      ok: true,
      source: {
        path: [certificate],
        extraChain: await crossCertificates(dir, certificate, old, nowMs),
        earlierRoots: old.filter((root) => root.x509.fingerprint256 !== certificate.x509.fingerprint256),
        signer: keySigner(key, algorithm.algorithm),
        isOwnRoot: true,
        warnings: [...pathWarnings(file, [certificate], nowMs), ...(await keyWarnings(dir))],
      },
    }
  } catch (error) {
    return {
      ok: false,
      problems: [problem(dir, `${CANNOT_USE} (${errorCode(error)}): let Weir read and write it`)],
    }
  }
}
