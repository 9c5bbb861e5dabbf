/** Joins the identity sources: network map, client certificates, personal tokens, trusted proxies in front, groups of a directory. */
import { join } from 'node:path'
import type { WeirConfig } from '../config/schema.ts'
import type { ConnectionSource } from '../domain/identity.ts'
import type { ClientIdentityPort, Clock, IdentityPort, Logger } from '../flow/ports.ts'
import type { GroupCache } from '../identity/group-cache.ts'
import { createClientIdentity } from '../identity/identify.ts'
import { createTokenSource, type TokenSettings } from '../identity/proxy-token.ts'
import type { TokenStore } from '../state/token-store.ts'

export interface ClientIdentityParts {
  /** Configuration and network map in force. */
  readonly current: () => { readonly config: WeirConfig; readonly identity: IdentityPort }
  readonly tokens: TokenStore
  /** Of client certificates. */
  readonly certificates: ConnectionSource
  /** Of a directory. */
  readonly groups: GroupCache
  readonly clock: Pick<Clock, 'nowMs' | 'tickMs'>
  readonly log: Pick<Logger, 'warn'>
}

/** Where tokens are kept. */
export const tokenFile = (config: WeirConfig): string => join(config.data.dir, 'tokens.sqlite')

/** One identity for all listeners. */
export function joinClientIdentity({
  current,
  tokens,
  certificates,
  groups,
  clock,
  log,
}: ClientIdentityParts): ClientIdentityPort {
  const tokenSource = createTokenSource({
    tokens,
    settings: () => tokenSettings(current().config),
    nowMs: clock.nowMs,
    tickMs: clock.tickMs,
  })
  return createClientIdentity({
    settings: () => current().config.identity,
    addresses: () => current().identity,
    connectionSources: [certificates],
    credentialSources: [tokenSource],
    groups,
    log,
  })
}

const tokenSettings = ({ identity }: WeirConfig): TokenSettings => ({
  realm: identity.realm,
  cacheMs: identity.tokenCacheSeconds * 1000,
  max: identity.maxFailures,
  windowMs: identity.failureWindowSeconds * 1000,
})
