/** How many wrong credentials one address may send in a window of time, before further ones are not looked at. */
import ipaddr from 'ipaddr.js'

export interface AttemptLimits {
  readonly max: number
  readonly windowMs: number
}

export interface Attempts {
  /** Count one attempt; `false`: there were too many. `what`: counted apart from the other attempts of the address. */
  readonly take: (address: string, what?: string) => boolean
  /** It was a good one after all. */
  readonly giveBack: (address: string, what?: string) => void
}

/** More addresses than this and the oldest windows are forgotten. */
const MAX_ADDRESSES = 10_000

/** Windows begin with the first attempt. IPv6 clients own a whole /64, so that is what counts. `nowMs` is monotonic. */
export function createAttempts(limits: () => AttemptLimits, nowMs: () => number): Attempts {
  const windows = new Map<string, { readonly sinceMs: number; count: number }>()
  const windowOf = (address: string, what: string): { count: number } => {
    const key = `${networkOf(address)} ${what}`
    const now = nowMs()
    const known = windows.get(key)
    if (known !== undefined && now - known.sinceMs < limits().windowMs) return known
    windows.delete(key)
    const fresh = { sinceMs: now, count: 0 }
    windows.set(key, fresh)
    if (windows.size > MAX_ADDRESSES) {
      const [oldest] = windows.keys()
      if (oldest !== undefined) windows.delete(oldest)
    }
    return fresh
  }
  return {
    take: (address, what = '') => {
      const window = windowOf(address, what)
      if (window.count >= limits().max) return false
      window.count++
      return true
    },
    giveBack: (address, what = '') => {
      const window = windowOf(address, what)
      if (window.count > 0) window.count--
    },
  }
}

function networkOf(address: string): string {
  if (!address.includes(':') || !ipaddr.IPv6.isValid(address)) return address
  return ipaddr.IPv6.parse(address).parts.slice(0, 4).join(':')
}
