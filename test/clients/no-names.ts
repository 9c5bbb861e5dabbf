/**
 * Imported before Weir: no name resolves in this process. Hosts that a test pins need none, and everything else the
 * clients call fails here instead of leaving the machine.
 */
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'

type LookupCallback = (error: NodeJS.ErrnoException) => void
type AnyLookup = (host: string, ...rest: readonly unknown[]) => void

const lookupAddress = dns.lookup as unknown as AnyLookup

function lookupNoName(host: string, ...rest: readonly unknown[]): void {
  if (isIP(host) !== 0) {
    lookupAddress(host, ...rest)
    return
  }
  const callback = rest.at(-1) as LookupCallback
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', hostname: host })
  setImmediate(() => callback(error))
}

dns.lookup = lookupNoName as unknown as typeof dns.lookup
syncBuiltinESMExports()
