/** TLS contexts by host: minted on first use, one minting per host at a time, kept until well before the leaf ends. */
import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { ProxyError } from '../domain/proxy-error.ts'
import { toPem } from './certificate.ts'
import type { CertificateSource } from './certificate-source.ts'
import { type Leaf, type LeafKey, makeLeafKey, mintLeaf, refusalToMint } from './leaf.ts'
import { sentChainPem } from './trust-path.ts'

const MAX_CONTEXTS = 4096
/** A context serves at most half of its leaf's life, and never longer than this. */
const MAX_AGE_MS = 7 * 86_400_000

export interface LeafCacheOptions {
  readonly leafDays: number
  readonly nowMs: () => number
  readonly maxContexts?: number
}

export interface LeafCache {
  /**
   * The TLS context for a canonical host: at once when cached, or when the signer needs no waiting.
   * A rejected promise (`ProxyError` `mint-failed`, with the reason) where no certificate may be made.
   */
  readonly contextFor: (host: string) => SecureContext | Promise<SecureContext>
  /** Mint with other certificates from now on; every cached context is dropped. */
  readonly replaceSource: (source: CertificateSource) => void
  readonly size: () => number
}

function makeContext(leaf: Leaf, key: LeafKey, chainPem: string): SecureContext {
  return createSecureContext({
    key: key.privatePem,
    cert: toPem(leaf.der) + chainPem,
    // No client is verified here: an empty store spares every context the system roots and OpenSSL a search for a chain.
    ca: [],
    minVersion: 'TLSv1.2',
    sessionIdContext: 'weir',
  })
}

/** Make a cache over a certificate source. `nowMs` is the wall clock, because leaves end by it. */
export function createLeafCache(first: CertificateSource, options: LeafCacheOptions): LeafCache {
  const { leafDays, nowMs } = options
  const key = makeLeafKey()
  const contexts = new LRUCache<string, SecureContext>({
    max: options.maxContexts ?? MAX_CONTEXTS,
    perf: { now: nowMs },
    ttl: MAX_AGE_MS,
    ttlResolution: 0,
  })
  const pending = new Map<string, Promise<SecureContext>>()
  let source = first
  let chainPem = sentChainPem(source)

  const keep = (host: string, leaf: Leaf): SecureContext => {
    const context = makeContext(leaf, key, chainPem)
    const ttl = Math.min(MAX_AGE_MS, Math.floor((leaf.notAfterMs - nowMs()) / 2))
    if (ttl > 0) contexts.set(host, context, { ttl })
    return context
  }

  const wait = (host: string, minting: Promise<Leaf>): Promise<SecureContext> => {
    const mintedFrom = source
    const made = minting
      .then((leaf) => (mintedFrom === source ? keep(host, leaf) : contextFor(host)))
      .catch((error: unknown) => {
        throw error instanceof ProxyError ? error : new ProxyError('mint-failed', 'the signer failed', error)
      })
      .finally(() => {
        if (pending.get(host) === made) pending.delete(host)
      })
    pending.set(host, made)
    return made
  }

  const mint = (host: string): SecureContext | Promise<SecureContext> => {
    const now = nowMs()
    const refusal = refusalToMint(source, host, now)
    if (refusal !== null) return Promise.reject(new ProxyError('mint-failed', refusal))
    const leaf = mintLeaf(host, { source, key, leafDays, nowMs: now })
    return leaf instanceof Promise ? wait(host, leaf) : keep(host, leaf)
  }

  const contextFor = (host: string): SecureContext | Promise<SecureContext> =>
    contexts.get(host) ?? pending.get(host) ?? mint(host)

  return {
    contextFor,
    replaceSource: (next) => {
      source = next
      chainPem = sentChainPem(next)
      contexts.clear()
      pending.clear()
    },
    size: () => contexts.size,
  }
}
