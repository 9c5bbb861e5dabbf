/** How long to wait before the next try: twice as long each time up to a limit, and never all sinks of a company at once. */

const FIRST_MS = 500
const MAX_MS = 60_000
/** The longest that a receiver may ask for: a `Retry-After` of a year is no reason to fall silent. */
const MAX_ASKED_MS = 300_000

export interface BackoffOptions {
  readonly firstMs?: number
  readonly maxMs?: number
  /** From 0 to 1. */
  readonly random?: () => number
}

/** The wait in milliseconds before try `tries` + 1; `tries` counts from 1. */
export function backoffMs(tries: number, askedMs: number | undefined, options: BackoffOptions = {}): number {
  const { firstMs = FIRST_MS, maxMs = MAX_MS, random = Math.random } = options
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(30, tries - 1))
  // Half fixed, half by chance ("equal jitter").
  const own = full / 2 + (full / 2) * random()
  return Math.max(own, Math.min(MAX_ASKED_MS, askedMs ?? 0))
}

/** `Retry-After` in milliseconds (RFC 9110 section 10.2.3: seconds or a date); absent: no such header, or no sense in it. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d{1,9}$/u.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}
