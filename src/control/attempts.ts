/** Counts failed tries per address in a sliding window, so that tokens cannot be guessed at speed nor logs flooded. */

export interface Attempts {
  /** Seconds to wait, or 0 when another try is allowed. */
  readonly waitSeconds: (address: string) => number
  readonly fail: (address: string) => void
}

export interface AttemptsOptions {
  readonly nowMs: () => number
  /** Failures in one window after which an address has to wait. */
  readonly maxFailures?: number
  readonly windowMs?: number
  /** Addresses remembered; the one that failed longest ago is forgotten first. */
  readonly maxAddresses?: number
}

/** Make a counter; memory is bounded by `maxAddresses` × `maxFailures` numbers. */
export function createAttempts(options: AttemptsOptions): Attempts {
  const { nowMs, maxFailures = 10, windowMs = 60_000, maxAddresses = 10_000 } = options
  // Insertion order is order of the last failure: `fail` moves an address to the end.
  const failures = new Map<string, readonly number[]>()
  const recent = (address: string, now: number): readonly number[] =>
    (failures.get(address) ?? []).filter((at) => now - at < windowMs)
  return {
    waitSeconds: (address) => {
      const now = nowMs()
      const times = recent(address, now)
      const oldest = times[0]
      if (times.length < maxFailures || oldest === undefined) return 0
      return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000))
    },
    fail: (address) => {
      const now = nowMs()
      const times = [...recent(address, now), now].slice(-maxFailures)
      failures.delete(address)
      failures.set(address, times)
      const eldest = failures.size > maxAddresses ? failures.keys().next() : null
      if (eldest !== null && eldest.done !== true) failures.delete(eldest.value)
    },
  }
}
