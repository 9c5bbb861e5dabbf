/** Pooled HTTP/1 connections, one undici pool per origin, made by the dialer. */
import type { Socket } from 'node:net'
import { Client, Pool } from 'undici'
import type { UpstreamExchange, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import { authenticatesConnection } from '../wire/headers.ts'
import { ConnectionShares, type ShareLimits } from './connection-shares.ts'
import type { DialCallback, Dialer } from './dial.ts'
import type { ExchangeTimeouts } from './exchange-limits.ts'
import { Http1Exchange } from './http1-exchange.ts'
import type { Origin } from './origin.ts'
import { PreparedConnections } from './prepared.ts'
import { SocketBook } from './socket-book.ts'

export interface Http1PoolsOptions {
  readonly dialer: Dialer
  readonly timeouts: ExchangeTimeouts
  readonly maxHeaderBytes: number
}

/** Connections per origin, and those that one client's requests may use; further requests wait. */
const SHARES: ShareLimits = { total: 1024, perClient: 256 }
const IDLE_CONNECTION_MS = 30_000
/** Pools that nobody used for this long are closed. */
const IDLE_POOL_MS = 120_000

interface OriginPool {
  readonly pool: Pool
  readonly shares: ConnectionShares
  lastUsedMs: number
}

type UndiciConnector = (
  options: { hostname: string; port: string; protocol: string },
  callback: (...args: [null, Socket] | [Error, null]) => void,
) => void

export class Http1Pools {
  readonly #options: Http1PoolsOptions
  readonly #pools = new Map<string, OriginPool>()
  readonly #sockets = new SocketBook()
  readonly #prepared = new PreparedConnections()
  readonly #sweeper: NodeJS.Timeout

  constructor(options: Http1PoolsOptions) {
    this.#options = options
    this.#sweeper = setInterval(() => this.#closeIdle(), IDLE_POOL_MS)
    this.#sweeper.unref()
  }

  exchange(origin: Origin, request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamExchange {
    const fresh = (): Client => new Client(origin.url, this.#clientOptions(origin))
    const { timeouts } = this.#options
    // A connection that stands for one person is nobody else's: it serves this exchange alone.
    const own = authenticatesConnection(request.headers) ? fresh() : null
    const { pool, shares } = this.#poolOf(origin)
    const place = shares.place(request.client ?? null, () => {
      exchange.start()
      own?.close().catch(() => own.destroy())
    })
    const context = { pooled: own ?? pool, fresh, sockets: this.#sockets, timeouts, onOver: () => place.leave() }
    const exchange = new Http1Exchange(request, sink, context)
    if (!place.enter()) exchange.wait()
    return exchange
  }

  /** A connection that stands already goes to the next request that needs one. */
  give(origin: Origin, socket: Socket): void {
    this.#prepared.give(origin.url, socket)
  }

  /** Dial ahead, unless a connection is free or on its way. */
  prepare(origin: Origin): void {
    const stats = this.#pools.get(origin.url)?.pool.stats
    if ((stats !== undefined && stats.free > 0) || this.#prepared.has(origin.url)) return
    this.#prepared.dial(origin.url, (callback) => this.#dial(origin, callback))
  }

  /** Close idle connections at once and the others when their exchange ends. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    this.#prepared.close()
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.close()))
  }

  #poolOf(origin: Origin): OriginPool {
    let entry = this.#pools.get(origin.url)
    if (entry === undefined) {
      const pool = new Pool(origin.url, { ...this.#clientOptions(origin), connections: SHARES.total })
      entry = { pool, shares: new ConnectionShares(SHARES), lastUsedMs: 0 }
      this.#pools.set(origin.url, entry)
    }
    entry.lastUsedMs = Date.now()
    return entry
  }

  #clientOptions(origin: Origin): Client.Options {
    const connect: UndiciConnector = (_options, callback) => {
      const onDialled: DialCallback = (error, socket) => {
        if (socket === null) callback(error ?? new Error('no connection'), null)
        else {
          this.#sockets.note(socket)
          callback(null, socket)
        }
      }
      if (!this.#prepared.take(origin.url, onDialled)) this.#dial(origin, onDialled)
    }
    return {
      connect,
      headersTimeout: this.#options.timeouts.firstByteMs,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_POOL_MS,
      maxHeaderSize: this.#options.maxHeaderBytes,
      pipelining: 1,
      allowH2: false,
    }
  }

  #dial({ host, port, isTls }: Origin, callback: DialCallback): () => void {
    return this.#options.dialer.dial({ host, port, isTls }, callback)
  }

  #closeIdle(): void {
    for (const [url, { pool, shares, lastUsedMs }] of this.#pools) {
      if (!shares.isIdle || Date.now() - lastUsedMs < IDLE_POOL_MS) continue
      this.#pools.delete(url)
      pool.close().catch(() => pool.destroy())
    }
  }
}
