/** The PEM files that the configuration names, read and tried before anything starts. All problems at once. */
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Problem } from '../domain/settings.ts'
import type { WeirConfig } from './schema.ts'
import { sinkFileProblems } from './sink-files.ts'

/** A certificate and key that fit together. */
export interface ServerTls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly passphrase?: string
}

export interface NamedFiles {
  /** For clients that speak TLS to the proxy itself. */
  readonly proxyTls: SecureContext | null
  readonly adminTls: ServerTls | null
  /** PEM texts of `upstream.extraRoots`, in order. */
  readonly extraRoots: readonly string[]
}

export type NamedFilesResult =
  | { readonly ok: true; readonly files: NamedFiles; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Read `proxy.tls`, `admin.tls`, `upstream.extraRoots`; try the files of `identity.ldap` and `audit.sinks`. */
export function readNamedFiles({ proxy, admin, upstream, audit, identity: { ldap } }: WeirConfig): NamedFilesResult {
  const problems: Problem[] = []
  const proxyTls = readTls('proxy.tls', proxy.tls, problems, readClientTls(proxy.tls, problems))
  const adminTls = readTls('admin.tls', admin.tls, problems)
  const extraRoots = upstream.extraRoots.map((file, index) =>
    readRoots(file, `upstream.extraRoots[${index}]`, problems),
  )
  // Read for each connection to the directory; tried here, so that a wrong name is known before anything starts.
  if (ldap !== null && ldap.caFile !== null) readRoots(ldap.caFile, 'identity.ldap.caFile', problems)
  if (ldap !== null && ldap.bindPasswordFile !== null) {
    read(ldap.bindPasswordFile, 'identity.ldap.bindPasswordFile', problems)
  }
  problems.push(...sinkFileProblems(audit.sinks))
  if (problems.some(({ severity }) => severity === 'error')) return { ok: false, problems }
  const files = { proxyTls: proxyTls?.context ?? null, adminTls: adminTls?.files ?? null, extraRoots }
  return { ok: true, files, warnings: problems }
}

function readTls(
  path: string,
  tls: WeirConfig['admin']['tls'],
  problems: Problem[],
  more: SecureContextOptions = {},
): { readonly files: ServerTls; readonly context: SecureContext } | null {
  if (tls === null) return null
  const before = problems.length
  const cert = read(tls.chain, `${path}.chain`, problems)
  const key = read(tls.key, `${path}.key`, problems)
  const passphrase =
    tls.passphraseFile === null ? null : read(tls.passphraseFile, `${path}.passphraseFile`, problems).toString('utf8')
  if (problems.length > before) return null
  const files = { cert, key, ...(passphrase === null ? {} : { passphrase: passphrase.replace(/\r?\n$/u, '') }) }
  try {
    return { files, context: createSecureContext({ ...files, ...more }) }
  } catch (error) {
    // OpenSSL's text may quote input: its code says enough.
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    problems.push(problem(tls.chain, path, `certificate and key do not work together (${code}): check both files`))
    return null
  }
}

/** What client certificates are checked with. Sessions of such a context may only be resumed under a name. */
function readClientTls(tls: WeirConfig['proxy']['tls'], problems: Problem[]): SecureContextOptions {
  if (tls === null || tls.clientCa === null) return {}
  const ca = readRoots(tls.clientCa, 'proxy.tls.clientCa', problems)
  const crl = tls.clientCrl === null ? null : read(tls.clientCrl, 'proxy.tls.clientCrl', problems).toString('utf8')
  const more = { ca, sessionIdContext: 'weir-listener', ...(crl === null ? {} : { crl }) }
  const isTried = ca.includes(CERTIFICATE) && (crl === null || crl !== '')
  try {
    if (isTried) createSecureContext(more)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    problems.push(
      problem(tls.clientCrl ?? tls.clientCa, 'proxy.tls', `client CA or revocation list is no PEM (${code})`),
    )
  }
  return more
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----'

function readRoots(file: string, path: string, problems: Problem[]): string {
  const before = problems.length
  const pem = read(file, path, problems).toString('utf8')
  if (problems.length === before && !pem.includes(CERTIFICATE)) {
    problems.push(problem(file, path, 'holds no PEM certificate'))
  }
  return pem
}

function read(file: string, path: string, problems: Problem[]): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    problems.push(problem(file, path, `cannot be read: ${code}`))
    return Buffer.alloc(0)
  }
}

const problem = (file: string, path: string, message: string): Problem => ({
  file,
  line: null,
  path,
  message,
  severity: 'error',
})
