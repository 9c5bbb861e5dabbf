/** Replaces Weir's own root by a new one; the old one stays beside it and vouches for the new one until it ends. */
import { createPrivateKey } from 'node:crypto'
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../domain/settings.ts'
import { errorCode, exists, publishOnce, publishOver } from './ca-files.ts'
import { toPem } from './certificate.ts'
import { algorithmOf, keySigner } from './key-signer.ts'
import {
  CERT_FILE,
  CROSS_FILE,
  KEY_FILE,
  type KeyAndCertificate,
  loadOwnRoot,
  loadPair,
  NEXT_CERT_FILE,
  NEXT_KEY_FILE,
} from './root.ts'
import { crossCertificatePem, newRootKeyPem, selfSignedRootPem } from './root-certificate.ts'
import { CANNOT_USE, problem } from './trust-path.ts'

/** A rotation takes milliseconds: a file this old was left by one that died. */
const ABANDONED_MS = 60_000

export type RotateResult =
  /** `kept`: the file with the certificate of the root before; `null` when there was none. */
  { readonly ok: true; readonly kept: string | null } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Take the new key's file name as a lock; `null` when another rotation holds it. */
async function stageKey(dir: string): Promise<string | null> {
  const file = join(dir, NEXT_KEY_FILE)
  const pem = newRootKeyPem()
  if (await publishOnce(file, pem, 'owner')) return pem
  const { mtimeMs } = await stat(file)
  if (Date.now() - mtimeMs < ABANDONED_MS) return null
  await rm(file, { force: true })
  return (await publishOnce(file, pem, 'owner')) ? pem : null
}

/** Keep the old certificate as `root-<date>.crt`; a second rotation on one day gets a number. */
async function keepOld(dir: string, pem: string, nowMs: number): Promise<string> {
  const day = new Date(nowMs).toISOString().slice(0, 10)
  for (let number = 1; ; number += 1) {
    const file = join(dir, `root-${day}${number === 1 ? '' : `-${number}`}.crt`)
    if (await publishOnce(file, pem, 'everybody')) return file
    if ((await readFile(file, 'latin1')) === pem) return file
  }
}

async function writeCross(dir: string, old: KeyAndCertificate, newKeyPem: string, nowMs: number): Promise<void> {
  const { certificate } = old
  const algorithm = algorithmOf(old.key)
  const mayCross = certificate.notAfterMs > nowMs && (certificate.pathLength === null || certificate.pathLength > 0)
  if (!algorithm.ok || !mayCross) return
  const signer = keySigner(old.key, algorithm.algorithm)
  const pem = await crossCertificatePem(createPrivateKey(newKeyPem), { certificate, signer }, nowMs)
  await publishOver(join(dir, CROSS_FILE), pem, 'everybody')
}

/**
 * Make a new root in `dir`. Order matters: everything is on disk before the key and then the certificate take their
 * names, and a start that finds the new key with the old certificate finishes the work.
 */
export async function rotateOwnRoot({ dir, nowMs }: { dir: string; nowMs: number }): Promise<RotateResult> {
  try {
    const isFirst = !(await exists(join(dir, CERT_FILE)))
    const old = isFirst ? await loadOwnRoot({ dir, nowMs }) : await loadPair(dir)
    if (!old.ok) return old
    if (!('pair' in old)) return { ok: true, kept: null }
    const key = await stageKey(dir)
    if (key === null) {
      return {
        ok: false,
        problems: [problem(join(dir, NEXT_KEY_FILE), 'another rotation is under way: try again in a minute')],
      }
    }
    await publishOver(join(dir, NEXT_CERT_FILE), await selfSignedRootPem(createPrivateKey(key), nowMs), 'everybody')
    const kept = await keepOld(dir, toPem(old.pair.certificate.x509.raw), nowMs)
    await writeCross(dir, old.pair, key, nowMs)
    await rename(join(dir, NEXT_KEY_FILE), join(dir, KEY_FILE))
    await rename(join(dir, NEXT_CERT_FILE), join(dir, CERT_FILE))
    return { ok: true, kept }
  } catch (error) {
    return {
      ok: false,
      problems: [problem(dir, `${CANNOT_USE} (${errorCode(error)}): let Weir write it`)],
    }
  }
}
