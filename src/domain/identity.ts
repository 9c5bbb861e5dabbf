/** What speaks for a client: facts of its connection, evidence of its request, and the proofs that sources make of them. */
import type { Assurance, Client } from './client.ts'
import type { RawHeaders } from './headers.ts'
import type { ProxyError } from './proxy-error.ts'

/** What is known of a connection before its first request. One object per connection: sources may key state by it. */
export interface ConnectionFacts {
  /** Address of the TCP peer, canonical. */
  readonly peer: string
  /** The address that counts: of the peer, or what a trusted balancer said by PROXY protocol; canonical. */
  readonly address: string
  /** DER of the certificate by which the client proved itself in the TLS to the proxy. INVARIANT: verified. */
  readonly certificate: Uint8Array | null
}

/** What a request to the proxy itself says of its client. Requests inside a tunnel bring none: theirs is the tunnel's client. */
export interface RequestEvidence {
  /** The header lines, `Proxy-Authorization` and those of outer proxies among them. SOCKS makes its own of user and password. */
  readonly headers: RawHeaders
}

/** Somebody who may ask. */
export interface Admitted {
  readonly client: Client
  /** Value of `Proxy-Authenticate` in the answer to this request: by it the proxy proves itself (RFC 4559 section 4.1). */
  readonly reply?: string
  /** For tunnels, which outlive their first request: `false` once what proved the client was taken back. */
  readonly stillHolds?: () => boolean
}

/** Who asks, or the answer instead: `error` tells status and reason, `challenges` the values of `Proxy-Authenticate`. */
export type Identified =
  | ({ readonly ok: true } & Admitted)
  | {
      readonly ok: false
      /** As far as known, for the record. */
      readonly client: Client
      readonly error: ProxyError
      readonly challenges: readonly string[]
    }

/** What one source proves. */
export interface Proof {
  readonly assurance: Assurance
  readonly user: string | null
  readonly groups: readonly string[]
  readonly device: string | null
  /** `false` once it was taken back, e.g. a token that was revoked. Left out: it holds as long as the connection. */
  readonly stillHolds?: () => boolean
}

/** What became of a credential. */
export type Verdict =
  | {
      readonly kind: 'proof'
      readonly proof: Proof
      /** Value of `Proxy-Authenticate` in the answer. */
      readonly reply?: string
    }
  /** Another leg is needed: the value of `Proxy-Authenticate` that asks for it. */
  | { readonly kind: 'continue'; readonly challenge: string }
  | {
      /** Not valid. */
      readonly kind: 'wrong'
      /** For the operational log only; never holds a secret. */
      readonly detail: string
      /** What the record and the answer say; `proxy-auth-failed` when left out. */
      readonly code?: 'proxy-auth-ntlm'
      /** The client has nothing better of this scheme, so it is not asked for it again. */
      readonly isFinal?: boolean
    }
  /** It could not be judged just now: Weir's own trouble. */
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** Too much was tried. */
  | { readonly kind: 'slow-down' }

/** Judges the credentials of one authentication scheme (RFC 9110 section 11). Never rejects or throws. */
export interface CredentialSource {
  /** Lower case, as it stands in front of the credential: `basic`, `negotiate`. */
  readonly scheme: string
  /** The strongest that it may give; a source above it makes it unnecessary. */
  readonly assurance: Assurance
  /** The value of `Proxy-Authenticate` that asks for it. */
  readonly challenge: string
  /** `credential` is what follows the scheme, at most as long as a header may be. */
  readonly verify: (credential: string, facts: ConnectionFacts) => Verdict | Promise<Verdict>
}

/** Reads a person or machine off a connection, e.g. off its certificate. Never throws; `null`: it says nothing. */
export interface ConnectionSource {
  readonly prove: (facts: ConnectionFacts) => Proof | null
}
