/** One CONNECT: asked by address, asked again by its first bytes, recorded at its end. */
import type { Client } from '../domain/client.ts'
import type { FirstBytes, TunnelDecision, TunnelReason } from '../domain/decision.ts'
import type { PolicySnapshot } from '../domain/policy-snapshot.ts'
import { ProxyError } from '../domain/proxy-error.ts'
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
  /** The client refused our certificate by an alert: recorded whatever the decision was. */
  readonly refusedByClient: (error: ProxyError) => void
  /** The client closed in or right after the handshake without a word: recorded when it does so again. */
  readonly hungUp: (how: HangUp) => void
  /** The client spoke inside our TLS. */
  readonly trusted: () => void
}

/** How a client that says nothing goes away, as events name it. */
export type HangUp = 'closed_in_handshake' | 'closed_after_handshake'

/** So often within ten minutes and it is no browser that opened a connection ahead of need. */
const HANG_UPS = 2

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
    if (this.#isUnknown) ports.discovery?.contact(input.client.address, this.#decision.host)
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
    this.#discover(end)
    if (answer === 'refuse' && reason === 'untrusting-client') this.#recordFolded(reason, end.error, 'again')
    else if (isRecorded) this.#record(answer === 'refuse' ? 'block' : 'allow', reason, end)
    else this.#recordLost(end.error)
  }

  /** Bytes of a host that nobody named: not AI's, not never to be looked at, not the company's. */
  get #isUnknown(): boolean {
    const { answer, reason, tool, host } = this.#decision
    const isUnread = answer === 'tunnel' && (reason === 'not-catalogued' || reason === 'ip-literal')
    return isUnread && tool === null && !this.#snapshot.isSanctioned(host)
  }

  #discover({ bytesIn, bytesOut }: TunnelEnd): void {
    const { discovery, clock } = this.#ports
    const { tool, host } = this.#decision
    const client = this.#input.client.address
    if (discovery === undefined) return
    if (tool !== null && this.#decision.answer === 'tunnel') discovery.tool({ tool, client })
    if (!this.#isUnknown) return
    discovery.tunnel({ host, client, bytesIn, bytesOut, durationMs: clock.tickMs() - this.#startedTick })
  }

  /** What was meant to be read and never said anything that could be. */
  #recordLost(error: ProxyError | null): void {
    const { answer, tool } = this.#decision
    if (error === null || (answer !== 'intercept' && answer !== 'plain-http')) return
    if (LOST_CODES.has(error.code)) this.#recordFolded('handshake-failed', error)
    else if (error.code === 'client-timeout' && tool !== null) this.#recordFolded('silent-client', error)
  }

  refusedByClient(error: ProxyError): void {
    this.#ports.metrics.count('weir_tunnels_total', { answer: 'intercept', reason: 'untrusting-client' })
    this.#recordFolded('untrusting-client', error, '', error.detail ?? 'unknown')
  }

  hungUp(how: HangUp): void {
    const strikes = this.#refusals.strike(this.#keyOf('silent'))
    if (strikes < HANG_UPS) return
    this.#ports.metrics.count('weir_tunnels_total', { answer: 'intercept', reason: 'untrusting-client' })
    this.#recordFolded('untrusting-client', new ProxyError('untrusting-client'), how, how)
  }

  trusted(): void {
    this.#refusals.absolve(this.#keyOf('silent'))
  }

  #keyOf(what: string): string {
    return `${this.#input.client.address} ${this.#decision.host} ${what}`
  }

  /** `variant` keeps what is told apart from being folded together. */
  #recordFolded(reason: TunnelReason, error: ProxyError | null, variant = '', alert?: string): void {
    const folded = this.#refusals.note(this.#keyOf(variant === '' ? reason : `${reason} ${variant}`))
    if (folded === null) return
    const extra = { count: folded, ...(alert === undefined ? {} : { alert }) }
    this.#record('block', reason, { bytesIn: 0, bytesOut: 0, error }, extra)
  }

  #decide(first: FirstBytes | null): TunnelDecision {
    const { client, host, port } = this.#input
    const sni = first?.kind === 'tls' ? first.sni : null
    const refusedUsMs = this.#refusedUsMs(sni ?? host)
    return this.#snapshot.decideTunnel({
      client,
      host,
      port,
      hostKnowledge: this.#snapshot.lookupHost(host, port),
      first,
      sniKnowledge: sni === null ? null : this.#snapshot.lookupHost(sni, port),
      ...(refusedUsMs === null ? {} : { refusedUsMs }),
    })
  }

  /** How long ago this client refused our certificate for a host, by an alert. */
  #refusedUsMs(host: string): number | null {
    return this.#refusals.sinceMs(`${this.#input.client.address} ${host} untrusting-client`)
  }

  #record(
    action: 'allow' | 'block',
    reason: string,
    end: TunnelEnd,
    extra: { readonly alert?: string; readonly count?: number } = {},
  ): void {
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
        ...extra,
      }),
    )
  }
}

/** Folds what a client repeats: one event per key and window, with the count of those left out before it. */
export interface RefusalFolder {
  /** `null`: folded away; else how many this event stands for. */
  readonly note: (key: string) => number | null
  /** Milliseconds since the key was last noted; `null` when that was not in its window. */
  readonly sinceMs: (key: string) => number | null
  /** How often this happened in its window, this time included; unlike `note`, it can be taken back. */
  readonly strike: (key: string) => number
  readonly absolve: (key: string) => void
}

const WINDOW_MS = 600_000
/** More keys than this and the oldest are forgotten: their next refusal makes an event early. */
const MAX_KEYS = 10_000

/** One untrusting client retries dozens of times in a minute; its record does not. */
export function createRefusalFolder(nowMs: () => number): RefusalFolder {
  const noted = new Map<string, Happening>()
  const strikes = new Map<string, Happening>()
  return {
    note: (key) => {
      const { isNew, before, entry } = happen(noted, key, nowMs())
      // Of the window before, the first was an event of its own.
      if (isNew) return before?.times ?? 1
      entry.times++
      return null
    },
    sinceMs: (key) => {
      const entry = noted.get(key)
      const now = nowMs()
      return entry === undefined || now - entry.sinceMs >= WINDOW_MS ? null : now - entry.lastMs
    },
    strike: (key) => {
      const { isNew, entry } = happen(strikes, key, nowMs())
      if (!isNew) entry.times++
      return entry.times
    },
    absolve: (key) => {
      strikes.delete(key)
    },
  }
}

interface Happening {
  readonly sinceMs: number
  lastMs: number
  /** The first one included. */
  times: number
}

/** The entry of the window that runs; a new one begins a new window and says what the one before held. */
function happen(
  seen: Map<string, Happening>,
  key: string,
  now: number,
): { readonly isNew: boolean; readonly before: Happening | undefined; readonly entry: Happening } {
  const before = seen.get(key)
  if (before !== undefined && now - before.sinceMs < WINDOW_MS) {
    before.lastMs = now
    return { isNew: false, before, entry: before }
  }
  const entry = { sinceMs: now, lastMs: now, times: 1 }
  seen.delete(key)
  seen.set(key, entry)
  if (seen.size > MAX_KEYS) {
    const [oldest] = seen.keys()
    if (oldest !== undefined) seen.delete(oldest)
  }
  return { isNew: true, before, entry }
}
