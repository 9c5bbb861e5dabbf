/**
 * Writes what discovery counted, in pieces: each is one transaction that holds the event loop for a few milliseconds, with
 * a pause behind it. A kill between two loses what was not written yet, never the file. What cannot be written now waits,
 * bounded, for the next time: counts are no records.
 */
import type { Drift, DriftWatch } from '../discover/drift.ts'
import { type HostCount, type HostCounts, MAX_HOSTS } from '../discover/host-counts.ts'
import type { PathCount, PathCounts } from '../discover/path-counts.ts'
import type { DiscoveryStore } from '../state/discovery-store.ts'

const EVERY_MS = 60_000
/** Rows of one piece, and the pause behind it. */
export const PIECE_ROWS = 64
const PAUSE_MS = 20
/** Clients whose windows are ended in one piece. */
const PIECE_CLIENTS = 10
/** Pieces that are written at once for whoever wants to read now. */
const PIECES_NOW = 8
/** Pairs of tool and host are judged once in so many rounds. */
const DRIFT_EVERY = 5
/** What waits to be written. */
const MAX_WAITING = MAX_HOSTS * 4

export interface WriterParts {
  readonly store: Pick<DiscoveryStore, 'addHosts' | 'addPaths' | 'putDrift' | 'trim'>
  readonly hosts: Pick<HostCounts, 'take'>
  readonly paths: Pick<PathCounts, 'take'>
  readonly drift: Pick<DriftWatch, 'sweep' | 'found'>
  readonly nowMs: () => number
  /** A pair that is above all limits for the first time. */
  readonly onDrift: (drift: Drift) => void
  readonly onFailed: (error: unknown) => void
}

export class DiscoveryWriter {
  readonly #parts: WriterParts
  readonly #timer: NodeJS.Timeout
  #next: NodeJS.Timeout | null = null
  #hosts: HostCount[] = []
  #paths: PathCount[] = []
  #rounds = 0
  #isDriftDue = false
  #isUntrimmed = false

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.round(), EVERY_MS).unref()
  }

  /** All that was counted until now is written soon, piece by piece. */
  round(): void {
    if (this.#rounds++ % DRIFT_EVERY === 0) this.#isDriftDue = true
    this.#collect()
    this.#schedule()
  }

  /** What was counted last is written now, as far as it takes little time; the rest soon. */
  some(): void {
    this.#collect()
    for (let pieces = 0; pieces < PIECES_NOW && this.#hosts.length + this.#paths.length > 0; pieces++) {
      if (!this.#piece()) break
    }
    if (this.#hosts.length + this.#paths.length > 0) this.#schedule()
  }

  /** Pairs as they stand now, as far as that takes little time. */
  judge(): void {
    this.some()
    try {
      for (let pieces = 0; pieces < PIECES_NOW && this.#sweep(); pieces++) continue
      this.#tell()
    } catch (error) {
      this.#parts.onFailed(error)
    }
  }

  /** Everything, at once: nobody waits any more. */
  close(): void {
    clearInterval(this.#timer)
    if (this.#next !== null) clearTimeout(this.#next)
    this.#collect()
    while (this.#piece()) continue
  }

  #collect(): void {
    if (this.#hosts.length < MAX_WAITING) this.#hosts.push(...this.#parts.hosts.take())
    if (this.#paths.length < MAX_WAITING) this.#paths.push(...this.#parts.paths.take())
  }

  #schedule(): void {
    this.#next ??= setTimeout(() => {
      this.#next = null
      if (this.#piece()) this.#schedule()
    }, PAUSE_MS).unref()
  }

  /** One piece of the work; `false`: there is no more, or it failed. */
  #piece(): boolean {
    try {
      return this.#rows() || this.#rest()
    } catch (error) {
      this.#parts.onFailed(error)
      return false
    }
  }

  #rows(): boolean {
    const { store } = this.#parts
    if (this.#hosts.length > 0) {
      store.addHosts(this.#hosts.slice(0, PIECE_ROWS))
      this.#hosts.splice(0, PIECE_ROWS)
    } else if (this.#paths.length > 0) {
      store.addPaths(this.#paths.slice(0, PIECE_ROWS))
      this.#paths.splice(0, PIECE_ROWS)
    } else return false
    this.#isUntrimmed = true
    return true
  }

  #rest(): boolean {
    if (this.#isUntrimmed) {
      this.#parts.store.trim()
      this.#isUntrimmed = false
      return true
    }
    if (!this.#isDriftDue) return false
    if (this.#sweep()) return true
    this.#isDriftDue = false
    this.#tell()
    return false
  }

  #sweep(): boolean {
    return this.#parts.drift.sweep(this.#parts.nowMs(), PIECE_CLIENTS)
  }

  #tell(): void {
    const { store, drift, onDrift } = this.#parts
    for (const pair of store.putDrift(drift.found())) onDrift(pair)
  }
}
