/**
 * "Tool X began to call host H": a host outside the catalogue that clients reach in the same minutes as they use the tool,
 * and hardly otherwise. Each client is compared with itself (a case-crossover design), so that what developers like to read
 * is not taken for what their tool calls: they read it at other times too. Bounded memory; keeps nothing of a client
 * longer than a few minutes but which tools it used.
 */
import type { ToolId } from '../domain/tool.ts'
import { countClients, setBit } from './client-bits.ts'

/** Time is cut into windows: used in one window is used together. */
export const WINDOW_MS = 120_000
/** Clients that are followed at once. */
export const MAX_CLIENTS = 2000
/** Hosts of one client in one window. */
const MAX_WINDOW_HOSTS = 64
/** Tools of one client. */
const MAX_TOOLS = 4
/** Pairs of tool and host. */
export const MAX_PAIRS = 20_000
/** Pairs that go at once when there are too many: to look for the oldest one by one costs more than all else. */
const PAIRS_GONE = MAX_PAIRS / 16
/** A client that has not used a tool for so long is no longer compared. */
const FORGET_MS = 86_400_000

/** What a pair must show before it is told. */
export const DRIFT_LIMITS = { windows: 20, clients: 3, quietWindows: 30, lift: 5, share: 0.05 } as const

export interface Drift {
  readonly tool: ToolId
  readonly host: string
  /** Windows with tool and host. */
  readonly windows: number
  /** How much likelier the host is in a window with the tool. */
  readonly lift: number
  /** Of the windows with the tool, how many have the host. */
  readonly share: number
  readonly clients: number
  readonly firstMs: number
  readonly lastMs: number
}

interface ClientWindow {
  window: number
  /** Something was done in it, by whatever program. */
  isThere: boolean
  readonly hosts: Set<string>
  readonly tools: Set<ToolId>
  /** Last used, in milliseconds since the epoch. */
  readonly known: Map<ToolId, number>
  readonly bit: number
}

interface Totals {
  /** Windows of clients that know the tool: with it, and without. */
  busy: number
  quiet: number
}

interface Pair {
  readonly tool: ToolId
  readonly host: string
  busy: number
  quiet: number
  /** The totals when the pair was first seen. */
  readonly from: Totals
  readonly clients: Uint8Array
  readonly firstMs: number
  lastMs: number
}

export class DriftWatch {
  readonly #clients = new Map<string, ClientWindow>()
  readonly #totals = new Map<ToolId, Totals>()
  readonly #pairs = new Map<string, Pair>()
  readonly #bitOf: (client: string) => number

  /** `bitOf`: a keyed hash of an address. */
  constructor(bitOf: (client: string) => number) {
    this.#bitOf = bitOf
  }

  get size(): { readonly clients: number; readonly pairs: number } {
    return { clients: this.#clients.size, pairs: this.#pairs.size }
  }

  /** A client reached a host outside the catalogue. */
  host(client: string, host: string, nowMs: number): void {
    const { hosts } = this.#windowOf(client, nowMs)
    if (hosts.size < MAX_WINDOW_HOSTS) hosts.add(host)
  }

  /** A client did something that no tool did: it is there, and its window counts. */
  there(client: string, nowMs: number): void {
    this.#windowOf(client, nowMs).isThere = true
  }

  /** A client used a tool of the catalogue. */
  tool(client: string, tool: ToolId, nowMs: number): void {
    const { tools, known } = this.#windowOf(client, nowMs)
    if (!known.has(tool) && known.size >= MAX_TOOLS) return
    tools.add(tool)
    known.set(tool, nowMs)
  }

  /** End windows that are over, of so many clients at most; `true`: there are more. */
  sweep(nowMs: number, maxClients: number): boolean {
    const window = Math.floor(nowMs / WINDOW_MS)
    let ended = 0
    for (const [client, state] of this.#clients) {
      if (state.window >= window) continue
      if (ended++ === maxClients) return true
      this.#endWindow(state, nowMs)
      state.window = window
      if (state.known.size === 0) this.#clients.delete(client)
    }
    return false
  }

  /** The pairs that are above all limits, by the windows that were ended. */
  found(): Drift[] {
    return [...this.#pairs.values()].flatMap((pair) => {
      const drift = this.#judge(pair)
      return drift === null ? [] : [drift]
    })
  }

  #windowOf(client: string, nowMs: number): ClientWindow {
    const window = Math.floor(nowMs / WINDOW_MS)
    let state = this.#clients.get(client)
    if (state === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) {
        const [oldest] = this.#clients.keys()
        if (oldest !== undefined) this.#clients.delete(oldest)
      }
      state = { window, isThere: false, hosts: new Set(), tools: new Set(), known: new Map(), bit: this.#bitOf(client) }
      this.#clients.set(client, state)
    } else if (state.window !== window) {
      this.#endWindow(state, nowMs)
      state.window = window
      this.#clients.delete(client)
      this.#clients.set(client, state)
    }
    return state
  }

  #endWindow(state: ClientWindow, nowMs: number): void {
    const endMs = (state.window + 1) * WINDOW_MS
    // A window without anything tells nothing: the client was away.
    if (state.isThere || state.hosts.size > 0 || state.tools.size > 0) {
      for (const [tool, lastMs] of state.known) {
        if (endMs - lastMs > FORGET_MS) state.known.delete(tool)
        else this.#count(tool, state, Math.min(endMs, nowMs))
      }
    }
    state.isThere = false
    state.hosts.clear()
    state.tools.clear()
  }

  #count(tool: ToolId, { hosts, tools, bit }: ClientWindow, atMs: number): void {
    const isBusy = tools.has(tool)
    const totals = this.#totals.get(tool) ?? { busy: 0, quiet: 0 }
    this.#totals.set(tool, totals)
    for (const host of hosts) {
      const pair = this.#pairOf(tool, host, totals, isBusy, atMs)
      if (pair === null) continue
      if (isBusy) {
        pair.busy++
        pair.lastMs = atMs
        setBit(pair.clients, bit)
      } else pair.quiet++
    }
    if (isBusy) totals.busy++
    else totals.quiet++
  }

  #pairOf(tool: ToolId, host: string, totals: Totals, isBusy: boolean, atMs: number): Pair | null {
    const key = `${tool} ${host}`
    const known = this.#pairs.get(key)
    if (known !== undefined) {
      this.#pairs.delete(key)
      this.#pairs.set(key, known)
      return known
    }
    // What is first seen without the tool is counted from then on as well, else it would look as if it came with the tool.
    if (this.#pairs.size >= MAX_PAIRS) {
      let left = PAIRS_GONE
      for (const oldest of this.#pairs.keys())
        if (left-- > 0) this.#pairs.delete(oldest)
        else break
    }
    const pair = {
      ...{ tool, host, busy: 0, quiet: 0, from: { ...totals } },
      ...{ clients: new Uint8Array(8), firstMs: atMs, lastMs: isBusy ? atMs : 0 },
    }
    this.#pairs.set(key, pair)
    return pair
  }

  #judge(pair: Pair): Drift | null {
    const { tool, host, busy, quiet, from, clients, firstMs, lastMs } = pair
    const totals = this.#totals.get(tool)
    if (totals === undefined || busy < DRIFT_LIMITS.windows) return null
    const allBusy = totals.busy - from.busy
    const allQuiet = totals.quiet - from.quiet
    const share = busy / allBusy
    const lift = share / ((quiet + 0.5) / (allQuiet + 1))
    const people = countClients(clients)
    const { lift: minLift, share: minShare, clients: minClients, quietWindows } = DRIFT_LIMITS
    if (allQuiet < quietWindows || people < minClients || share < minShare || lift < minLift) return null
    if (lowestOdds([busy, allBusy - busy, quiet, allQuiet - quiet]) < 2) return null
    return { tool, host, windows: busy, lift: Math.round(lift * 10) / 10, share, clients: people, firstMs, lastMs }
  }
}

/** Lower end of the 99 % interval of the odds ratio (Woolf's, with Haldane's half). */
function lowestOdds(cells: readonly [number, number, number, number]): number {
  const [a, b, c, d] = cells.map((cell) => cell + 0.5) as [number, number, number, number]
  return Math.exp(Math.log((a * d) / (b * c)) - 2.576 * Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d))
}
