/** The auditors' public keys that the configuration names, read before anything starts. All problems at once. */
import { readFile } from 'node:fs/promises'
import { readAuditorKey } from '../audit/sealed/auditor-key.ts'
import type { SealedTo } from '../audit/sealed/seal-content.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { Problem } from '../domain/settings.ts'

export interface SealSettings extends SealedTo {
  readonly maxBytes: number
}

export type AuditorKeysResult =
  /** `null`: nothing is sealed. */
  | { readonly ok: true; readonly seal: SealSettings | null }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Read `audit.seal`. */
export async function readAuditorKeys({ audit: { seal } }: Pick<WeirConfig, 'audit'>): Promise<AuditorKeysResult> {
  if (seal === null) return { ok: true, seal: null }
  const problems: Problem[] = []
  const auditors: SealedTo['auditors'][number][] = []
  for (const [index, file] of seal.auditors.entries()) {
    const say = (message: string): number =>
      problems.push({ file, line: null, path: `audit.seal.auditors[${index}]`, message, severity: 'error' })
    try {
      const key = await readAuditorKey(await readFile(file, 'utf8'))
      if (auditors.some(({ kid }) => kid === key.kid)) say('is the key of an auditor who is named already')
      else auditors.push(key)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      say(code?.startsWith('E') === true ? `cannot be read: ${code}` : message)
    }
  }
  const { threshold, maxBytes } = seal
  return problems.length > 0 ? { ok: false, problems } : { ok: true, seal: { auditors, threshold, maxBytes } }
}
