/** Where flows, the counts of discovery and its store meet: counts in memory, written once a minute in pieces, listed for the admin port. */
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { parseHostPattern } from '../catalogue/host-pattern.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { DiscoveredHost, DiscoverPort, DiscoverQuery } from '../control/ports.ts'
import { CLIENT_BITS, countClients, emptyBits } from '../discover/client-bits.ts'
import { draftFile, draftId, draftPolicyLine } from '../discover/draft-entry.ts'
import { type Drift, DriftWatch } from '../discover/drift.ts'
import { HostCounts } from '../discover/host-counts.ts'
import { PathCounts } from '../discover/path-counts.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import { AI_SCORE } from '../domain/sighting.ts'
import { FirstDecoder } from '../edge/first-decoder.ts'
import type { DiscoveryPort, Logger, Metrics } from '../flow/ports.ts'
import { type FoundHost, openDiscoveryStore } from '../state/discovery-store.ts'
import type { NewDeed } from '../state/noted-deed.ts'
import { DiscoveryWriter } from './discovery-writer.ts'

/** The store of what was discovered. */
export const discoveryFile = (config: Pick<WeirConfig, 'data'>): string => join(config.data.dir, 'discovery.sqlite')

/** Hosts that are listed at once. */
const MAX_LISTED = 1000
/** Clients whose bit is remembered. */
const MAX_BITS = 10_000

export interface DiscoveryDeskParts {
  readonly config: Pick<WeirConfig, 'data'>
  /** Keys the hash that turns a client into a bit. */
  readonly key: Uint8Array
  readonly snapshot: () => Pick<PolicySnapshot, 'lookupHost' | 'isSanctioned'>
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  readonly log: Logger
  readonly metrics: Metrics
  /** Writes an admin event. */
  readonly record: (deed: NewDeed) => void
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
  readonly #writer: DiscoveryWriter
  readonly #bits = new Map<string, number>()
  readonly #decoder = new FirstDecoder()

  constructor(parts: DiscoveryDeskParts) {
    this.#parts = parts
    // Short: the event loop waits for it.
    this.#store = openDiscoveryStore(discoveryFile(parts.config), { waitMs: 50 })
    this.#drift = new DriftWatch((client) => this.#bitOf(client))
    for (const { count } of this.#store.hosts({ minScore: AI_SCORE, sinceMs: 0 }))
      if (count.score >= AI_SCORE) this.#hosts.addNear(count.host)
    this.#writer = new DiscoveryWriter({
      ...{ store: this.#store, hosts: this.#hosts, paths: this.#paths, drift: this.#drift, nowMs: parts.nowMs },
      onDrift: (drift) => this.#tellDrift(drift),
      onFailed: (error) => {
        parts.metrics.count('weir_discovery_failures_total')
        parts.log.warn({ err: error }, 'discovery.not-written')
      },
    })
    this.flow = this.#flowPort()
    this.port = {
      list: (query) => this.#list(query),
      find: (host) => this.#find(host),
      dismiss: (host, by, reason) => this.#store.dismiss(host, { by, reason, atMs: parts.nowMs() }),
      drift: () => this.#listDrift(),
      paths: () => (this.#writer.some(), this.#store.paths().map(withTimes)),
      // One host that no catalogue can hold must not spoil the file for the others.
      draft: (hosts) =>
        draftFile(
          hosts.filter(({ host }) => parseHostPattern(host).ok),
          new Date(parts.nowMs()).toISOString().slice(0, 10),
        ),
    }
    parts.metrics.gauge('weir_discovery_hosts', () => this.#hosts.size)
  }

  close(): void {
    this.#writer.close()
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
        if (seen.isOther) this.#drift.there(seen.client, nowMs())
        else this.#drift.host(seen.client, seen.host, nowMs())
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

  /** A tool began to call a host: told once, by an event that names no person. */
  #tellDrift({ tool, host, windows, lift, share, clients, firstMs }: Drift): void {
    if (!this.#isUnknown(host)) return
    const after = { tool, windows, lift, share: Math.round(share * 100) / 100, clients, firstSeen: time(firstMs) }
    this.#parts.record({ actor: 'weir', operation: 'discover.drift', target: host, before: null, after })
    this.#parts.log.warn({ host, tool }, 'discovery.drift')
  }

  /** What got a place in the catalogue or among the company's own since then is no longer unknown. */
  #isUnknown(host: string): boolean {
    const { lookupHost, isSanctioned } = this.#parts.snapshot()
    const name = host.replace('*.', 'x.')
    return !lookupHost(name, 443).isKnown && !isSanctioned(name)
  }

  #list({ sinceMs, minScore, all }: DiscoverQuery): DiscoveredHost[] {
    this.#writer.some()
    const found: DiscoveredHost[] = []
    for (const host of this.#store.hosts({ minScore, sinceMs })) {
      if ((!all && host.dismissed !== null) || !this.#isUnknown(host.count.host)) continue
      found.push(shown(host))
      if (found.length === MAX_LISTED) break
    }
    return found
  }

  #find(host: string): DiscoveredHost | null {
    this.#writer.some()
    const found = this.#store.find(host)
    if (found !== null) return shown(found)
    // A host that tools began to call can be put aside too, though nothing of it looks like AI.
    const drift = this.#store.drift().filter((pair) => pair.host === host)
    const [first] = drift
    return first === undefined ? null : shown(ofDrift(host, drift, first))
  }

  #listDrift(): ReturnType<DiscoverPort['drift']> {
    this.#writer.judge()
    return this.#store
      .drift()
      .filter(({ host }) => this.#isUnknown(host))
      .map(withTimes)
  }
}

/** What is known of a host that was never counted itself. */
function ofDrift(host: string, drift: readonly Drift[], { firstMs, lastMs }: Drift): FoundHost {
  const tools = new Set(drift.map(({ tool }) => tool))
  return {
    count: {
      ...{ host, score: 0, evidence: new Set(), dialects: new Set(), tools, requests: 0, tunnels: 0, streamed: 0 },
      ...{ bytesIn: 0, bytesOut: 0, clients: emptyBits(), firstMs, lastMs },
    },
    score: 0,
    evidence: [...tools].slice(0, 8).map((tool) => `drift:${tool}`),
    dismissed: null,
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
