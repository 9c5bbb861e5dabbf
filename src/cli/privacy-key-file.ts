/** The public key of `audit.privacyKey`, read before anything starts. */

import type { JsonWebKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type SealTo, sealToOf } from '../audit/keys/jwe.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { Problem } from '../domain/settings.ts'

export type PrivacyKeyResult =
  /** `null`: the mode needs none. */
  { readonly ok: true; readonly sealTo: SealTo | null } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Only mode `pseudonymous` reads it. */
export async function readPrivacyKeyFile({ audit }: Pick<WeirConfig, 'audit'>): Promise<PrivacyKeyResult> {
  if (audit.privacy !== 'pseudonymous') return { ok: true, sealTo: null }
  const file = audit.privacyKey
  if (file === null) return bad('weir.yaml', 'mode `pseudonymous` needs it: `weir audit privacy-key` makes a pair')
  try {
    return { ok: true, sealTo: sealToOf(JSON.parse(await readFile(file, 'utf8')) as JsonWebKey) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return bad(file, code?.startsWith('E') === true ? `cannot be read: ${code}` : messageOf(error, message))
  }
}

const messageOf = (error: unknown, message: string): string =>
  error instanceof SyntaxError || error instanceof TypeError ? 'is no public key of `weir audit privacy-key`' : message

const bad = (file: string, message: string): PrivacyKeyResult => ({
  ok: false,
  problems: [{ file, line: null, path: 'audit.privacyKey', message, severity: 'error' }],
})
