/** Joins the identity sources: network map, client certificates, Kerberos tickets, personal tokens, trusted proxies in front, groups of a directory. */
import { join } from 'node:path'
import type { WeirConfig } from '../config/schema.ts'
import type { ConnectionSource, CredentialSource } from '../domain/identity.ts'
import type { ClientIdentityPort, Clock, IdentityPort, Logger } from '../flow/ports.ts'
import type { GroupCache } from '../identity/group-cache.ts'
import { createClientIdentity } from '../identity/identify.ts'
import type { Kerberos } from '../identity/kerberos.ts'
import { createNegotiateSource, type NegotiateSettings } from '../identity/negotiate.ts'
import { createTokenSource, type TokenSettings } from '../identity/proxy-token.ts'
import type { TokenStore } from '../state/token-store.ts'

export interface ClientIdentityParts {
  /** Configuration and network map in force. */
  readonly current: () => { readonly config: WeirConfig; readonly identity: IdentityPort }
  readonly tokens: TokenStore
  /** Of client certificates. */
  readonly certificates: ConnectionSource
  readonly kerberos: Pick<Kerberos, 'accept'>
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
  kerberos,
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
  const negotiateSource = createNegotiateSource({ settings: () => negotiateSettings(current().config), kerberos })
  const withNegotiate: readonly CredentialSource[] = [negotiateSource, tokenSource]
  const withoutNegotiate: readonly CredentialSource[] = [tokenSource]
  return createClientIdentity({
    settings: () => current().config.identity,
    addresses: () => current().identity,
    connectionSources: [certificates],
    credentialSources: () => (current().config.identity.negotiate === null ? withoutNegotiate : withNegotiate),
    groups,
    log,
  })
}

/** Asked only while it is configured. */
function negotiateSettings({ identity: { negotiate } }: WeirConfig): NegotiateSettings {
  if (negotiate === null) throw new Error('negotiate is not configured')
  return negotiate
}

const tokenSettings = ({ identity }: WeirConfig): TokenSettings => ({
  realm: identity.realm,
  cacheMs: identity.tokenCacheSeconds * 1000,
  max: identity.maxFailures,
  windowMs: identity.failureWindowSeconds * 1000,
})
