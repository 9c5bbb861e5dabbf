/** A throw-away certificate authority for test origins; keys are made per run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import { openAuthority } from '../../src/ca/authority.ts'
import type { Scope } from './scope.ts'

export interface TestPki {
  readonly rootPem: string
  readonly contextFor: (host: string) => Promise<SecureContext>
}

/** `nowMs` in the past makes certificates that have expired. */
export async function makePki(t: Scope, nowMs: () => number = Date.now): Promise<TestPki> {
  const dir = mkdtempSync(join(tmpdir(), 'weir-pki-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const opened = await openAuthority({
    dir,
    chain: null,
    key: null,
    pkcs12: null,
    passphraseFile: null,
    leafDays: 30,
    nowMs,
  })
  if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join('; '))
  const { authority } = opened
  return { rootPem: authority.rootPem(), contextFor: async (host) => authority.contextFor(host) }
}
