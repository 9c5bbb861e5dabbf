/** One CONNECT: asked by address, asked again by its first bytes, recorded at its end. */
import type { Client } from '../domain/client.ts'
import type { FirstBytes, TunnelDecision, TunnelReason } from '../domain/decision.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { FlowPorts } from './ports.ts'
import { errorFields, tunnelEvent } from './record.ts'

export interface TunnelInput {
  readonly client: Client
  /** The CONNECT target, canonical. */
  readonly host: string
  readonly port: number
}

/** How a tunnel ended, as `edge/` saw it. */
export interface TunnelEnd {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly error: ProxyError | null
}

export interface Tunnel {
  readonly id: string
  /** The decision by address; `answer` may still change when the first bytes are seen. */
  readonly byAddress: TunnelDecision
  /** Decide again with what the client sent first. */
  readonly byFirstBytes: (first: FirstBytes) => TunnelDecision
  /** Write the record, if the last decision wants one. Called exactly once. */
  readonly finish: (end: TunnelEnd) => void
  /** The client refused our certificate: recorded whatever the decision was. */
  readonly refusedByClient: (error: ProxyError) => void
}

/** No request was ever read, so the tunnel's event is the only trace of a client that may have wanted to stay unseen. */
const LOST_CODES: ReadonlySet<string> = new Set(['handshake-failed', 'mint-failed'])

/** Start a tunnel under the rules of this moment. */
export function openTunnel(ports: FlowPorts, refusals: RefusalFolder, input: TunnelInput): Tunnel {
  return new OpenTunnel(ports, refusals, ports.snapshots.current(), input)
}

class OpenTunnel implements Tunnel {
  readonly id: string
  readonly byAddress: TunnelDecision
  readonly #ports: FlowPorts
  readonly #refusals: RefusalFolder
  readonly #snapshot: PolicySnapshot
  readonly #input: TunnelInput
  readonly #startedTick: number
  #decision: TunnelDecision

  constructor(ports: FlowPorts, refusals: RefusalFolder, snapshot: PolicySnapshot, input: TunnelInput) {
    this.#ports = ports
    this.#refusals = refusals
    this.#snapshot = snapshot
    this.#input = input
    this.#startedTick = ports.clock.tickMs()
    this.id = ports.newId()
    this.byAddress = this.#decide(null)
    this.#decision = this.byAddress
  }

  byFirstBytes(first: FirstBytes): TunnelDecision {
    this.#decision = this.#decide(first)
    return this.#decision
  }

  finish(end: TunnelEnd): void {
    const { answer, reason, isRecorded } = this.#decision
    this.#ports.metrics.count('weir_tunnels_total', { answer, reason })
    this.#ports.metrics.count('weir_bytes_total', { direction: 'in', kind: 'tunnel' }, end.bytesIn)
    this.#ports.metrics.count('weir_bytes_total', { direction: 'out', kind: 'tunnel' }, end.bytesOut)
    if (isRecorded) this.#record(answer === 'refuse' ? 'block' : 'allow', reason, end)
    else if (answer === 'intercept' && end.error !== null && LOST_CODES.has(end.error.code)) {
      this.#recordFolded('handshake-failed', end.error)
    }
  }

  refusedByClient(error: ProxyError): void {
    this.#ports.metrics.count('weir_tunnels_total', { answer: 'intercept', reason: 'untrusting-client' })
    this.#recordFolded('untrusting-client', error)
  }

  #recordFolded(reason: TunnelReason, error: ProxyError): void {
    const folded = this.#refusals.note(`${this.#input.client.address} ${this.#decision.host} ${reason}`)
    if (folded !== null) this.#record('block', reason, { bytesIn: 0, bytesOut: 0, error }, folded)
  }

  #decide(first: FirstBytes | null): TunnelDecision {
    const { client, host, port } = this.#input
    const sni = first?.kind === 'tls' ? first.sni : null
    return this.#snapshot.decideTunnel({
      client,
      host,
      port,
      hostKnowledge: this.#snapshot.lookupHost(host, port),
      first,
      sniKnowledge: sni === null ? null : this.#snapshot.lookupHost(sni, port),
    })
  }

  #record(action: 'allow' | 'block', reason: string, end: TunnelEnd, count?: number): void {
    const { host, tool, tier, rule } = this.#decision
    this.#ports.audit.appendSoon(
      tunnelEvent(this.#ports, {
        flow: this.id,
        client: this.#input.client,
        host,
        port: this.#input.port,
        decision: { tool, tier, rule, reason },
        action,
        policyRevision: this.#snapshot.revision,
        bytesIn: end.bytesIn,
        bytesOut: end.bytesOut,
        durationMs: Math.round(this.#ports.clock.tickMs() - this.#startedTick),
        error: errorFields(end.error),
        ...(count === undefined ? {} : { count }),
      }),
    )
  }
}

/** Folds what a client repeats: one event per key and window, with the count of those left out before it. */
export interface RefusalFolder {
  /** `null`: folded away; else how many this event stands for. */
  readonly note: (key: string) => number | null
}

const WINDOW_MS = 600_000
/** More keys than this and the oldest are forgotten: their next refusal makes an event early. */
const MAX_KEYS = 10_000

/** One untrusting client retries dozens of times in a minute; its record does not. */
export function createRefusalFolder(nowMs: () => number): RefusalFolder {
  const seen = new Map<string, { sinceMs: number; folded: number }>()
  return {
    note: (key) => {
      const now = nowMs()
      const entry = seen.get(key)
      if (entry !== undefined && now - entry.sinceMs < WINDOW_MS) {
        entry.folded++
        return null
      }
      seen.delete(key)
      seen.set(key, { sinceMs: now, folded: 0 })
      if (seen.size > MAX_KEYS) {
        const [oldest] = seen.keys()
        if (oldest !== undefined) seen.delete(oldest)
      }
      return (entry?.folded ?? 0) + 1
    },
  }
}
