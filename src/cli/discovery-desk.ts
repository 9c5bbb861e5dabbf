/** Where flows, the counts of discovery and its store meet: counts in memory, written once a minute, listed for the admin port. */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { parseHostPattern } from '../catalogue/host-pattern.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { DiscoveredHost, DiscoverPort, DiscoverQuery } from '../control/ports.ts'
import { CLIENT_BITS, countClients } from '../discover/client-bits.ts'
import { draftFile, draftId, draftPolicyLine } from '../discover/draft-entry.ts'
import { DriftWatch } from '../discover/drift.ts'
import { HostCounts } from '../discover/host-counts.ts'
import { PathCounts } from '../discover/path-counts.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import { AI_SCORE } from '../domain/sighting.ts'
import { FirstDecoder } from '../edge/first-decoder.ts'
import type { DiscoveryPort, Logger, Metrics } from '../flow/ports.ts'
import { type FoundHost, openDiscoveryStore } from '../state/discovery-store.ts'

/** The store of what was discovered. */
export const discoveryFile = (config: Pick<WeirConfig, 'data'>): string => join(config.data.dir, 'discovery.sqlite')

const FLUSH_MS = 60_000
/** Clients whose bit is remembered. */
const MAX_BITS = 10_000
/** Pairs of tool and host are judged once in so many flushes. */
const DRIFT_EVERY = 5

export interface DiscoveryDeskParts {
  readonly config: Pick<WeirConfig, 'data'>
  /** Keys the hash that turns a client into a bit. */
  readonly key: Uint8Array
  readonly snapshot: () => Pick<PolicySnapshot, 'lookupHost' | 'isSanctioned'>
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  readonly log: Logger
  readonly metrics: Metrics
}

export interface DiscoveryDesk {
  readonly flow: DiscoveryPort
  /** What the admin API may do. */
  readonly port: DiscoverPort
  readonly close: () => void
}

/** Open the store and begin to count. Throws when it cannot be opened. */
export function openDiscoveryDesk(parts: DiscoveryDeskParts): DiscoveryDesk {
  return new Desk(parts)
}

class Desk implements DiscoveryDesk {
  readonly flow: DiscoveryPort
  readonly port: DiscoverPort
  readonly #parts: DiscoveryDeskParts
  readonly #store: ReturnType<typeof openDiscoveryStore>
  readonly #hosts = new HostCounts()
  readonly #paths = new PathCounts()
  readonly #drift: DriftWatch
  readonly #timer: NodeJS.Timeout
  #flushes = 0
  readonly #bits = new Map<string, number>()
  readonly #decoder = new FirstDecoder()

  constructor(parts: DiscoveryDeskParts) {
    this.#parts = parts
    // Short: the event loop waits for it.
    this.#store = openDiscoveryStore(discoveryFile(parts.config), { waitMs: 50 })
    this.#drift = new DriftWatch((client) => this.#bitOf(client))
    for (const { count } of this.#store.hosts()) if (count.score >= AI_SCORE) this.#hosts.addNear(count.host)
    this.flow = this.#flowPort()
    this.port = {
      list: (query) => this.#list(query),
      find: (host) => this.#find(host),
      dismiss: (host, by, reason) => this.#store.dismiss(host, { by, reason, atMs: parts.nowMs() }),
      drift: () => this.#listDrift(),
      paths: () => (this.#flush(), this.#store.paths().map(withTimes)),
      // One host that no catalogue can hold must not spoil the file for the others.
      draft: (hosts) =>
        draftFile(
          hosts.filter(({ host }) => parseHostPattern(host).ok),
          new Date(parts.nowMs()).toISOString().slice(0, 10),
        ),
    }
    parts.metrics.gauge('weir_discovery_hosts', () => this.#hosts.size)
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#flush()
    this.#store.close()
  }

  #flowPort(): DiscoveryPort {
    const { nowMs } = this.#parts
    const seenBy = (seen: { host: string; client: string; bytesIn: number; bytesOut: number }) => ({
      host: seen.host,
      client: () => this.#bitOf(seen.client),
      bytesIn: seen.bytesIn,
      bytesOut: seen.bytesOut,
      nowMs: nowMs(),
    })
    return {
      isNear: (host) => this.#hosts.isNear(host),
      decode: (bytes, codings) => this.#decoder.decode(bytes, codings),
      contact: (client, host) => this.#drift.host(client, host, nowMs()),
      request: (seen) => {
        this.#drift.host(seen.client, seen.host, nowMs())
        if (seen.tool !== null) this.#drift.tool(seen.client, seen.tool, nowMs())
        this.#hosts.request(seenBy(seen), seen.sighting, seen.tool)
      },
      tunnel: (seen) => this.#hosts.tunnel(seenBy(seen), seen.durationMs),
      tool: ({ tool, client, host, path }) => {
        this.#drift.tool(client, tool, nowMs())
        if (host !== undefined && path !== undefined) this.#paths.add(tool, host, path, nowMs())
      },
    }
  }

  #bitOf(client: string): number {
    const known = this.#bits.get(client)
    if (known !== undefined) return known
    const digest = createHmac('sha256', this.#parts.key).update(`discovery ${client}`).digest()
    const bit = digest.readUInt32BE(0) % CLIENT_BITS
    // A hash is dear, a table of all addresses is dearer: begun anew when it is full.
    if (this.#bits.size >= MAX_BITS) this.#bits.clear()
    this.#bits.set(client, bit)
    return bit
  }

  /** What cannot be written is lost and logged: counts are no records. */
  #flush(): void {
    try {
      this.#store.addHosts(this.#hosts.take())
      this.#store.addPaths(this.#paths.take())
      if (this.#flushes++ % DRIFT_EVERY === 0) this.#store.putDrift(this.#drift.found(this.#parts.nowMs()))
    } catch (error) {
      this.#parts.metrics.count('weir_discovery_failures_total')
      this.#parts.log.warn({ err: error }, 'discovery.not-written')
    }
  }

  /** What got a place in the catalogue or among the company's own since then is no longer unknown. */
  #isUnknown(host: string): boolean {
    const { lookupHost, isSanctioned } = this.#parts.snapshot()
    const name = host.replace('*.', 'x.')
    return !lookupHost(name, 443).isKnown && !isSanctioned(name)
  }

  #list({ sinceMs, minScore, all }: DiscoverQuery): DiscoveredHost[] {
    this.#flush()
    return this.#store
      .hosts()
      .filter(
        ({ score, count, dismissed }) => score >= minScore && count.lastMs >= sinceMs && (all || dismissed === null),
      )
      .filter(({ count }) => this.#isUnknown(count.host))
      .map(shown)
  }

  #find(host: string): DiscoveredHost | null {
    this.#flush()
    const found = this.#store.find(host)
    return found === null ? null : shown(found)
  }

  #listDrift(): ReturnType<DiscoverPort['drift']> {
    this.#flushes = 0
    this.#flush()
    return this.#store
      .drift()
      .filter(({ host }) => this.#isUnknown(host))
      .map(withTimes)
  }
}

const time = (ms: number): string => new Date(ms).toISOString()

function withTimes<T extends { readonly firstMs: number; readonly lastMs: number }>(
  row: T,
): Omit<T, 'firstMs' | 'lastMs'> & { readonly firstSeen: string; readonly lastSeen: string } {
  const { firstMs, lastMs, ...rest } = row
  return { ...rest, firstSeen: time(firstMs), lastSeen: time(lastMs) }
}

function shown({ count, score, evidence, dismissed }: FoundHost): DiscoveredHost {
  const { host, dialects, tools, requests, tunnels, bytesIn, bytesOut, clients, firstMs, lastMs } = count
  return {
    ...{ host, score, evidence, dialects: [...dialects], tools: [...tools], requests, tunnels, bytesIn, bytesOut },
    isRead: requests > 0,
    clients: countClients(clients),
    firstSeen: time(firstMs),
    lastSeen: time(lastMs),
    dismissed: dismissed === null ? null : { by: dismissed.by, at: time(dismissed.atMs), reason: dismissed.reason },
    draft: { tool: draftId(host), policy: draftPolicyLine(host) },
  }
}
