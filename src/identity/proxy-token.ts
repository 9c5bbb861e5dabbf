/** Personal proxy tokens as a credential source: `Proxy-Authorization: Basic user:token`, checked against the token store. */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { ConnectionFacts, CredentialSource, Verdict } from '../domain/identity.ts'
import { type AttemptLimits, createAttempts } from './attempts.ts'
import { createGate, verifySecret } from './token-hash.ts'
import { parseBasic, parseToken } from './token-text.ts'

/** A token as this source needs it; `state/token-store.ts` keeps them. Times in milliseconds since the epoch. */
export interface KnownToken {
  readonly id: string
  readonly user: string
  readonly groups: readonly string[]
  readonly device: string | null
  readonly hash: string
  readonly expiresMs: number | null
  readonly revokedMs: number | null
}

/** Where tokens are found. Its functions may throw: the disk is outside. */
export interface TokenLookup<T extends KnownToken = KnownToken> {
  /** Changes when tokens were made or revoked elsewhere. */
  readonly version: () => number
  readonly find: (id: string) => T | null
  readonly noteUse: (token: T, nowMs: number) => void
}

export interface TokenSettings extends AttemptLimits {
  readonly realm: string
  /** How long a checked token is taken without another Argon2. A revocation ends it at once. */
  readonly cacheMs: number
}

export interface TokenSourceOptions<T extends KnownToken> {
  readonly tokens: TokenLookup<T>
  readonly settings: () => TokenSettings
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** Monotonic milliseconds. */
  readonly tickMs: () => number
}

/** Argon2 runs on the threads that also write the audit trail: two of four at most. */
const HASHES_AT_ONCE = 2
const HASHES_WAITING = 100
const MAX_CACHED = 10_000
/**
 * How often one token may be wrong from an address that has no attempts left. Its id is random and in nobody's hands but
 * its owner's, so behind a NAT a neighbour's wrong tokens shut no good one out.
 */
const OWN_TRIES = 3
/** How long the same wrong credential is refused without looking: a client with an old token must not count as an attack. */
const WRONG_MS = 30_000

interface Cached<T> {
  readonly untilTick: number
  /** Of the store when it was looked up. */
  readonly version: number
  /** `null`: it is wrong. */
  readonly token: T | null
}

/** A source over `tokens`. */
export function createTokenSource<T extends KnownToken>(options: TokenSourceOptions<T>): CredentialSource {
  return new TokenSource(options)
}

class TokenSource<T extends KnownToken> implements CredentialSource {
  readonly scheme = 'basic'
  readonly assurance = 'token'
  readonly #options: TokenSourceOptions<T>
  readonly #attempts
  /** Per address and token. */
  readonly #ownTries
  readonly #gate = createGate(HASHES_AT_ONCE, HASHES_WAITING)
  /** By keyed hash of the credential, so that no secret stays in memory. */
  readonly #cache = new Map<string, Cached<T>>()
  /** An object: with bytes for a key, a hash takes six times as long to begin (Node 24.21). */
  readonly #cacheKey = createSecretKey(randomBytes(32))
  readonly #running = new Map<string, Promise<Verdict>>()

  constructor(options: TokenSourceOptions<T>) {
    this.#options = options
    this.#attempts = createAttempts(options.settings, options.tickMs)
    this.#ownTries = createAttempts(() => ({ ...options.settings(), max: OWN_TRIES }), options.tickMs)
  }

  get challenge(): string {
    return `Basic realm="${this.#options.settings().realm}", charset="UTF-8"`
  }

  verify(credential: string, facts: ConnectionFacts): Verdict | Promise<Verdict> {
    try {
      const version = this.#options.tokens.version()
      const key = createHmac('sha256', this.#cacheKey).update(credential).digest('base64')
      return (
        this.#fromCache(key, version) ?? this.#running.get(key) ?? this.#check(key, version, credential, facts.address)
      )
    } catch (error) {
      return unavailable(error)
    }
  }

  /** After a change of the store tokens are looked up again, but not hashed again: a secret never changes. */
  #fromCache(key: string, version: number): Verdict | null {
    const cached = this.#cache.get(key)
    if (cached === undefined) return null
    const { token, untilTick } = cached
    const isCurrent = cached.version === version
    if (untilTick <= this.#options.tickMs() || (token === null && !isCurrent)) {
      this.#cache.delete(key)
      return null
    }
    if (token === null) return wrong('known to be wrong')
    if (isCurrent) return this.#verdictOf(token)
    const found = this.#options.tokens.find(token.id)
    this.#cache.delete(key)
    if (found === null || found.hash !== token.hash || found.user !== token.user) return null
    this.#cache.set(key, { token: found, untilTick, version })
    return this.#verdictOf(found)
  }

  #check(key: string, version: number, credential: string, address: string): Verdict | Promise<Verdict> {
    const claim = this.#claimOf(credential)
    if (typeof claim === 'string') {
      return this.#attempts.take(address) ? this.#wrong(key, version, claim) : { kind: 'slow-down' }
    }
    const { secret, token } = claim
    const gone = this.#goneReason(token)
    // An old token of somebody is no attack, and needs no hash.
    if (gone !== null) return this.#wrong(key, version, gone)
    const giveBack = this.#takeTry(address, token.id)
    if (giveBack === null) return { kind: 'slow-down' }
    const running = this.#gate.run(() => verifySecret(secret, token.hash))
    if (running === null) {
      giveBack()
      return { kind: 'unavailable', detail: 'too many tokens are being checked' }
    }
    const verdict = running.then((isRight) => {
      if (!isRight) return this.#wrong(key, version, 'wrong secret')
      giveBack()
      return this.#right(key, token, version)
    }, unavailable)
    this.#running.set(key, verdict)
    return verdict.finally(() => this.#running.delete(key))
  }

  /** The token that is spoken of, and the secret that is to prove it; a string says why there is nothing to hash. */
  #claimOf(credential: string): { readonly secret: string; readonly token: T } | string {
    const given = parseBasic(credential)
    const text = given === null ? null : parseToken(given.password)
    if (given === null || text === null) return 'not a proxy token'
    const token = this.#options.tokens.find(text.id)
    if (token === null) return 'unknown token'
    if (token.user.toLowerCase() !== given.user.toLowerCase()) return 'token of another user'
    return { secret: text.secret, token }
  }

  /** Counts a check of a known token; returns how to take that back, `null`: there were too many. */
  #takeTry(address: string, id: string): (() => void) | null {
    if (this.#attempts.take(address)) return () => this.#attempts.giveBack(address)
    return this.#ownTries.take(address, id) ? () => this.#ownTries.giveBack(address, id) : null
  }

  /** `version`: of the store before the token was read; what changed meanwhile is looked up again next time. */
  #right(key: string, token: T, version: number): Verdict {
    this.#remember(key, { token, version, untilTick: this.#until(this.#options.settings().cacheMs) })
    return this.#verdictOf(token)
  }

  #wrong(key: string, version: number, detail: string): Verdict {
    this.#remember(key, { token: null, version, untilTick: this.#until(WRONG_MS) })
    return wrong(detail)
  }

  #until(forMs: number): number {
    return this.#options.tickMs() + forMs
  }

  #remember(key: string, cached: Cached<T>): void {
    this.#cache.delete(key)
    this.#cache.set(key, cached)
    if (this.#cache.size <= MAX_CACHED) return
    const [oldest] = this.#cache.keys()
    if (oldest !== undefined) this.#cache.delete(oldest)
  }

  /** The secret fits; is the token still good? */
  #verdictOf(token: T): Verdict {
    const gone = this.#goneReason(token)
    if (gone !== null) return wrong(gone)
    this.#options.tokens.noteUse(token, this.#options.nowMs())
    const { user, groups, device } = token
    return { kind: 'proof', proof: { assurance: 'token', user, groups, device, stillHolds: this.#holds(token) } }
  }

  #goneReason(token: T): string | null {
    if (token.revokedMs !== null) return 'revoked token'
    return token.expiresMs !== null && token.expiresMs <= this.#options.nowMs() ? 'expired token' : null
  }

  /** Asked for requests inside a tunnel that the token opened. A store that cannot be read takes nothing back. */
  #holds(token: T): () => boolean {
    const { tokens, nowMs } = this.#options
    // Of its own: other requests may have seen the change before this one asks.
    let seen = Number.NaN
    return () => {
      try {
        if (token.expiresMs !== null && token.expiresMs <= nowMs()) return false
        const version = tokens.version()
        if (version === seen) return true
        if (tokens.find(token.id)?.revokedMs !== null) return false
        seen = version
        return true
      } catch {
        return true
      }
    }
  }
}

const wrong = (detail: string): Verdict => ({ kind: 'wrong', detail })

const unavailable = (error: unknown): Verdict => ({
  kind: 'unavailable',
  detail: `the token store cannot be read: ${error instanceof Error ? error.message : String(error)}`,
})
