/**
 * Counts what looks like AI, by host, in bounded memory. Hosts without any sign are not kept at all, not even here. What was
 * read and what only has a telling name are kept apart, so that a flood of names drives out nothing that was proven.
 */
import { getDomain } from 'tldts'
import type { Sighting, Sign } from '../domain/sighting.ts'
import type { DialectId, ToolId } from '../domain/tool.ts'
import { emptyBits, joinBits, setBit } from './client-bits.ts'
import { MAX_NAME_SCORE, nameSigns } from './host-names.ts'
import { scoreOf } from './score.ts'

/** Hosts in memory, of each of the two kinds. */
export const MAX_HOSTS = 2048
/** Hosts of one registered domain; further ones count as `*.domain`. */
export const MAX_PER_DOMAIN = 20
/** Requests below this score are not counted. */
export const KEEP_SCORE = 40
/** What a tool that marks itself proves: its own words. */
const MARK_SCORE = 80
const MAX_WORDS = 8

/** What is known of one host since it was last taken. Times in milliseconds since the epoch. */
export interface HostCount {
  readonly host: string
  /** Of requests that were read; 0: none was. */
  score: number
  readonly evidence: Set<string>
  readonly dialects: Set<DialectId>
  readonly tools: Set<ToolId>
  requests: number
  tunnels: number
  /** Tunnels that took their time and brought little. */
  streamed: number
  bytesIn: number
  bytesOut: number
  readonly clients: Uint8Array
  readonly firstMs: number
  lastMs: number
}

export interface SeenBytes {
  readonly host: string
  /** Bit of the client (`client-bits.ts`). */
  readonly client: () => number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly nowMs: number
}

export class HostCounts {
  readonly #read = new Map<string, HostCount>()
  readonly #named = new Map<string, HostCount>()
  /** Hosts that were seen to serve AI. */
  readonly #near = new Set<string>()
  readonly #domains = new Map<string, number>()

  isNear(host: string): boolean {
    return this.#near.has(host)
  }

  /** Also after a restart. */
  addNear(host: string): void {
    this.#near.add(host)
    if (this.#near.size > MAX_HOSTS) for (const oldest of this.#near) return void this.#near.delete(oldest)
  }

  /** Hosts that are kept now. */
  get size(): number {
    return this.#read.size + this.#named.size
  }

  request(seen: SeenBytes, sighting: Sighting, tool: ToolId | null): void {
    const score = tool === null ? sighting.score : Math.max(sighting.score, MARK_SCORE)
    if (score < KEEP_SCORE) return
    const count = this.#countOf(this.#read, seen)
    count.requests++
    count.score = Math.max(count.score, score)
    for (const word of sighting.evidence) addWord(count.evidence, word)
    if (sighting.dialect !== 'generic') addWord(count.dialects, sighting.dialect)
    if (tool !== null) {
      addWord(count.tools, tool)
      addWord(count.evidence, `mark:${tool}`)
    }
    this.addNear(seen.host)
  }

  tunnel(seen: SeenBytes, durationMs: number): void {
    if (!mayBeNamed(seen.host)) return
    const count = this.#countOf(this.#named, seen)
    count.tunnels++
    if (isStreamed(seen, durationMs)) count.streamed++
  }

  /** All counts since the last call; what is near stays near. */
  take(): HostCount[] {
    const all = [...this.#read.values(), ...this.#named.values()]
    this.#read.clear()
    this.#named.clear()
    this.#domains.clear()
    return all
  }

  #countOf(hosts: Map<string, HostCount>, seen: SeenBytes): HostCount {
    const known = hosts.get(seen.host) ?? hosts.get(wildcardOf(seen.host) ?? '')
    const count = known ?? this.#newCount(hosts, seen)
    // The latest last: the first one is the next to go.
    if (known !== undefined) hosts.delete(known.host)
    hosts.set(count.host, count)
    count.bytesIn += seen.bytesIn
    count.bytesOut += seen.bytesOut
    count.lastMs = Math.max(count.lastMs, seen.nowMs)
    setBit(count.clients, seen.client())
    return count
  }

  #newCount(hosts: Map<string, HostCount>, { host, nowMs }: SeenBytes): HostCount {
    if (hosts.size >= MAX_HOSTS) {
      const [oldest] = hosts.keys()
      if (oldest !== undefined) hosts.delete(oldest)
    }
    const name = this.#nameOf(host)
    return {
      ...{ host: name, score: 0, requests: 0, tunnels: 0, streamed: 0, bytesIn: 0, bytesOut: 0 },
      ...{ evidence: new Set<string>(), dialects: new Set<DialectId>(), tools: new Set<ToolId>() },
      ...{ clients: emptyBits(), firstMs: nowMs, lastMs: nowMs },
    }
  }

  #nameOf(host: string): string {
    const wildcard = wildcardOf(host)
    if (wildcard === null) return host
    const hosts = (this.#domains.get(wildcard) ?? 0) + 1
    if (this.#domains.size < MAX_HOSTS * 2) this.#domains.set(wildcard, hosts)
    return hosts > MAX_PER_DOMAIN ? wildcard : host
  }
}

/** `*.` and the registered domain, for a host below one; hosts of a cloud's customers have domains of their own. */
function wildcardOf(host: string): string | null {
  const domain = getDomain(host, { allowPrivateDomains: true })
  return domain === null || domain === host ? null : `*.${domain}`
}

const mayBeNamed = (host: string): boolean => nameSigns(host).length > 0

function addWord<T>(words: Set<T>, word: T): void {
  if (words.size < MAX_WORDS) words.add(word)
}

const MIN_STREAM_MS = 3000
const MIN_UP_BYTES = 2000
const MAX_DOWN_BYTES_PER_MS = 64

/** A question and a slow answer: some bytes up, and few down for the time they took. Downloads and polls look otherwise. */
const isStreamed = ({ bytesIn, bytesOut }: SeenBytes, durationMs: number): boolean =>
  durationMs >= MIN_STREAM_MS &&
  bytesIn >= MIN_UP_BYTES &&
  bytesOut > 0 &&
  bytesOut / durationMs < MAX_DOWN_BYTES_PER_MS

/** Put one count into another of the same host. */
export function joinCounts(into: HostCount, more: HostCount): void {
  into.score = Math.max(into.score, more.score)
  for (const word of more.evidence) addWord(into.evidence, word)
  for (const word of more.dialects) addWord(into.dialects, word)
  for (const word of more.tools) addWord(into.tools, word)
  into.requests += more.requests
  into.tunnels += more.tunnels
  into.streamed += more.streamed
  into.bytesIn += more.bytesIn
  into.bytesOut += more.bytesOut
  into.lastMs = Math.max(into.lastMs, more.lastMs)
  joinBits(into.clients, more.clients)
}

/** Fewer tunnels say nothing of how they are used. */
const MIN_TUNNELS = 3

/** All that is known of a host as one score: what was read of it, or its name and how its tunnels look. */
export function judgeHost(count: HostCount): { readonly score: number; readonly evidence: readonly string[] } {
  const { tunnels, streamed, bytesIn } = count
  const signs: Sign[] = [...nameSigns(count.host.replace(/^\*\./u, 'x.'))]
  if (signs.length > 0 && tunnels >= MIN_TUNNELS) {
    if (streamed / tunnels >= 0.2) signs.push({ name: 'shape:slow-answers', points: 15 })
    if (bytesIn / tunnels >= 16_384) signs.push({ name: 'shape:long-questions', points: 10 })
  }
  const named = scoreOf(signs)
  return {
    score: Math.max(count.score, Math.min(named.score, MAX_NAME_SCORE)),
    evidence: [...new Set([...count.evidence, ...named.evidence])].slice(0, MAX_WORDS),
  }
}
