/** The certificate authority as the rest of Weir sees it: opened once, answers with TLS contexts, reloaded or rotated while running. */
import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import type { Problem } from '../domain/settings.ts'
import { toPem } from './certificate.ts'
import type { CertificateSource, SourceResult } from './certificate-source.ts'
import { type CompanyCaFiles, loadCompanyCa } from './company-ca.ts'
import { endOfPath, refusalToMint } from './leaf.ts'
import { createLeafCache } from './leaf-cache.ts'
import { CERT_FILE, loadOwnRoot } from './root.ts'
import { type RotateResult, rotateOwnRoot } from './rotation.ts'
import { anchorOf, problem, sentChainPem, subjectOf } from './trust-path.ts'

/** `certs` of the config (contracts section 8); paths as the process sees them. */
export interface AuthorityOptions extends CompanyCaFiles {
  /** Folder of Weir's own root, used when neither `chain`/`key` nor `pkcs12` is set. */
  readonly dir: string
  readonly leafDays: number
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: () => number
}

export type ChangeResult =
  | { readonly ok: true; readonly isChanged: boolean; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface Authority {
  /**
   * TLS context for a canonical host name or IP, at once where possible.
   * Rejects with `ProxyError` `mint-failed` and the reason where the CA may not speak for the host.
   */
  readonly contextFor: (host: string) => SecureContext | Promise<SecureContext>
  /** Why `contextFor` would refuse a host now; `null` when it would not. */
  readonly refusalFor: (host: string) => string | null
  /** What machines must trust. */
  readonly rootPem: () => string
  /** What machines should have: the root, then earlier roots until they expire. */
  readonly roots: () => readonly [X509Certificate, ...X509Certificate[]]
  /** The certificate that signs leaves, then its issuers as far as known. */
  readonly path: () => readonly X509Certificate[]
  /** What clients are sent after the leaf; empty for a root that signs leaves itself. */
  readonly chainPem: () => string
  /** SHA-256 of the root, upper-case hex with colons. */
  readonly fingerprint256: () => string
  /** Subject of the root on one line. */
  readonly subject: () => string
  /** When the first certificate of the path ends. */
  readonly notAfter: () => Date
  readonly isOwnRoot: () => boolean
  /** The file that holds the certificate. */
  readonly file: () => string
  readonly ready: () => { readonly ok: boolean; readonly detail: string | null }
  /** Read the files again; on problems the CA in use stays. For SIGHUP and file watching. */
  readonly reload: () => Promise<ChangeResult>
  /** Replace Weir's own root and use the new one; a company's CA is rotated by replacing its files. */
  readonly rotate: () => Promise<ChangeResult>
}

export type OpenResult =
  | { readonly ok: true; readonly authority: Authority; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Load the CA that the options name, making Weir's own root when they name none. Private keys stay inside. */
export function loadSource(options: AuthorityOptions): Promise<SourceResult> {
  const nowMs = options.nowMs()
  return isCompanys(options) ? loadCompanyCa(options, nowMs) : loadOwnRoot({ dir: options.dir, nowMs })
}

const isCompanys = ({ chain, key, pkcs12 }: CompanyCaFiles): boolean =>
  chain !== null || key !== null || pkcs12 !== null

/** Replace Weir's own root on disk, also an expired one. A company's CA is rotated by replacing its files. */
export async function rotateRoot(options: AuthorityOptions): Promise<RotateResult> {
  const nowMs = options.nowMs()
  if (!isCompanys(options)) return rotateOwnRoot({ dir: options.dir, nowMs })
  const message = "the CA is the company's own: replace its files, then reload"
  return { ok: false, problems: [problem(fileOf(options), message)] }
}

/** The file that holds the certificate of the CA. */
const fileOf = ({ dir, chain, key, pkcs12 }: AuthorityOptions): string => chain ?? pkcs12 ?? key ?? join(dir, CERT_FILE)

/** Two sources that give the same certificates. */
const identityOf = ({ path, extraChain, earlierRoots }: CertificateSource): string =>
  [path, extraChain, earlierRoots].map((list) => list.map(({ x509 }) => x509.fingerprint256).join(' ')).join('\n')

/** Open the CA: everything that is wrong with it comes back as problems, and then nothing may be started. */
export async function openAuthority(options: AuthorityOptions): Promise<OpenResult> {
  const loaded = await loadSource(options)
  if (!loaded.ok) return loaded
  let source = loaded.source
  const cache = createLeafCache(source, options)

  const reload = async (): Promise<ChangeResult> => {
    const next = await loadSource(options)
    if (!next.ok) return next
    const isChanged = identityOf(next.source) !== identityOf(source)
    if (isChanged) {
      source = next.source
      cache.replaceSource(source)
    }
    return { ok: true, isChanged, warnings: next.source.warnings }
  }

  const rotate = async (): Promise<ChangeResult> => {
    const rotated = await rotateRoot(options)
    return rotated.ok ? reload() : rotated
  }

  const authority: Authority = {
    contextFor: cache.contextFor,
    refusalFor: (host) => refusalToMint(source, host, options.nowMs()),
    rootPem: () => toPem(anchorOf(source).x509.raw),
    roots: () => [anchorOf(source).x509, ...source.earlierRoots.map(({ x509 }) => x509)],
    path: () => source.path.map(({ x509 }) => x509),
    chainPem: () => sentChainPem(source),
    fingerprint256: () => anchorOf(source).x509.fingerprint256,
    subject: () => subjectOf(anchorOf(source)),
    notAfter: () => new Date(endOfPath(source).notAfterMs),
    isOwnRoot: () => source.isOwnRoot,
    file: () => fileOf(options),
    ready: () => {
      const { notAfterMs } = endOfPath(source)
      if (notAfterMs > options.nowMs()) return { ok: true, detail: null }
      return { ok: false, detail: `the CA certificate expired on ${new Date(notAfterMs).toISOString()}` }
    },
    reload,
    rotate,
  }
  return { ok: true, authority, warnings: source.warnings }
}
