/** Limits and timeouts as the adapters take them; `config/schema.ts` owns keys and defaults. All times in milliseconds. */
export interface Timeouts {
  readonly headerMs: number
  readonly handshakeMs: number
  readonly connectMs: number
  readonly firstByteMs: number
  readonly bodyIdleMs: number
  readonly streamIdleMs: number
  readonly tunnelIdleMs: number
  readonly drainMs: number
}

export interface Limits {
  /** Client connections at once, all together. */
  readonly connections: number
  /** Client connections at once from one address. */
  readonly perClient: number
  /** The same from one trusted proxy in front, which speaks for many clients. */
  readonly perProxy: number
  /** Bytes held for inspection at once, all requests together. */
  readonly inspectingBytes: number
  /** Decoded : encoded, above which a body counts as a decompression bomb. */
  readonly decodedRatio: number
  readonly heapPercent: number
}

export interface HeaderLimits {
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly maxUrlBytes: number
}

/** What a listener is for; `port` is the one that redirected clients meant, `null`: 443 for TLS, 80 for HTTP. */
export type ListenerEntry =
  | { readonly kind: 'proxy' }
  | { readonly kind: 'socks' }
  | { readonly kind: 'transparent'; readonly port: number | null }

/** A file or value that cannot be used: what, where, what to do. `line` is 1-based. */
export interface Problem {
  readonly file: string
  readonly line: number | null
  /** Path inside the document, e.g. `tools[3].endpoints[0].host`; `` for the whole file. */
  readonly path: string
  readonly message: string
  readonly severity: 'error' | 'warning'
}
