/** The directory of `identity.ldap` as it is in force; another configuration gets another connection and forgets what was known. */
import { readFile } from 'node:fs/promises'
import type { WeirConfig } from '../config/schema.ts'
import type { Clock, Logger, Metrics } from '../flow/ports.ts'
import { createGroupCache, type GroupCache } from '../identity/group-cache.ts'
import { createLdapDirectory, type LdapDirectory, LdapProblem } from '../identity/ldap.ts'

export interface DirectoryGroupsParts {
  readonly settings: () => WeirConfig['identity']['ldap']
  readonly clock: Pick<Clock, 'tickMs'>
  readonly log: Pick<Logger, 'warn'>
  readonly metrics: Pick<Metrics, 'count'>
}

export interface DirectoryGroups extends GroupCache {
  readonly close: () => void
}

interface InForce {
  readonly settings: NonNullable<WeirConfig['identity']['ldap']>
  readonly directory: LdapDirectory
  readonly cache: GroupCache
}

/** Without `identity.ldap` nobody has further groups. */
export function createDirectoryGroups({ settings, ...parts }: DirectoryGroupsParts): DirectoryGroups {
  let inForce: InForce | null = null
  let seen: WeirConfig['identity']['ldap'] = null
  const refresh = (): void => {
    const now = settings()
    // The same text read again is no other directory: what is known of it stays.
    if (now === seen) return
    seen = now
    if (inForce !== null && JSON.stringify(now) === JSON.stringify(inForce.settings)) return
    inForce?.directory.close()
    inForce = now === null ? null : open(now, parts)
  }
  return {
    groupsOf: (user) => {
      refresh()
      return inForce === null ? [] : inForce.cache.groupsOf(user)
    },
    close: () => inForce?.directory.close(),
  }
}

function open(settings: InForce['settings'], { clock, log, metrics }: Omit<DirectoryGroupsParts, 'settings'>): InForce {
  const directory = createLdapDirectory(settings, async () => ({
    password:
      settings.bindPasswordFile === null
        ? null
        : (await readFile(settings.bindPasswordFile, 'utf8')).replace(/\r?\n$/u, ''),
    ca: settings.caFile === null ? null : await readFile(settings.caFile, 'utf8'),
  }))
  const cache = createGroupCache({
    directory,
    cacheMs: settings.cacheSeconds * 1000,
    tickMs: clock.tickMs,
    onFailure: (error) => {
      metrics.count('weir_directory_failures_total')
      log.warn({ detail: reasonOf(error) }, 'identity.directory-failed')
    },
  })
  return { settings, directory, cache }
}

/** A directory's own text may quote what it was asked: its kind and code say enough. */
const reasonOf = (error: unknown): string => {
  if (error instanceof LdapProblem) return error.message
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? error.name : `${error.name} ${code}`
}
