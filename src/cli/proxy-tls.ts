/** The TLS of the proxy port as it is in force: certificate, client CA and revocation list, read anew on a reload. */
import { type NamedFilesResult, readNamedFiles } from '../config/named-files.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { ConnectionSource } from '../domain/identity.ts'
import type { ListenerTls } from '../edge/listener-tls.ts'
import type { Logger } from '../flow/ports.ts'
import { createCertificateSource } from '../identity/mtls.ts'

export interface ProxyTls {
  /** `null`: the port is plain. */
  readonly listener: ListenerTls | null
  /** Who the clients' certificates are of. */
  readonly certificates: ConnectionSource
  /** Read the files again. What cannot be used is logged, and what was in force stays. */
  readonly reload: () => void
}

/** `files`: what was read at the start. `read` is for tests. */
export function openProxyTls(
  config: WeirConfig,
  files: Extract<NamedFilesResult, { ok: true }>['files'],
  log: Pick<Logger, 'error'>,
  read: (config: WeirConfig) => NamedFilesResult = readNamedFiles,
): ProxyTls {
  const { tls } = config.proxy
  let context = files.proxyTls
  const current = (): NonNullable<typeof context> => {
    if (context === null) throw new Error('a listener without TLS has no context')
    return context
  }
  return {
    listener: tls === null || context === null ? null : { context: current, clientAuth: tls.clientAuth },
    certificates: createCertificateSource(tls),
    reload: () => {
      if (context === null) return
      // Receivers of records have come and gone since; their files are theirs alone.
      const again = read({ ...config, audit: { ...config.audit, sinks: [] } })
      if (again.ok) context = again.files.proxyTls ?? context
      else log.error({ problems: again.problems }, 'app.tls-reload-refused')
    },
  }
}
