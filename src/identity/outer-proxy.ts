/** What a trusted proxy in front says of its client: `X-Authenticated-User` and `X-Client-IP`. From nobody else. */
import ipaddr from 'ipaddr.js'
import { headerValues, type RawHeaders } from '../domain/headers.ts'

/** Which addresses are trusted proxies. */
export type IsTrusted = (address: string) => boolean

export type OuterWord =
  | {
      readonly ok: true
      readonly user: string | null
      /** Canonical. */
      readonly address: string | null
    }
  /** `detail` names the header that cannot be taken, never its value. */
  | { readonly ok: false; readonly detail: string }

const MAX_USER = 200
const NOTHING: OuterWord = { ok: true, user: null, address: null }

/** Networks in CIDR form, checked by the configuration. */
export function compileTrusted(networks: readonly string[]): IsTrusted {
  const ranges = networks.map((network) => ipaddr.parseCIDR(network))
  if (ranges.length === 0) return () => false
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
  }
}

/**
 * The word of a trusted proxy. A line that comes twice is refused: a proxy that adds instead of sets passes on what
 * its client claims, and nobody could tell the two apart.
 */
export function readOuterWord(headers: RawHeaders): OuterWord {
  const users = headerValues(headers, 'x-authenticated-user')
  const addresses = headerValues(headers, 'x-client-ip')
  if (users.length === 0 && addresses.length === 0) return NOTHING
  if (users.length > 1) return { ok: false, detail: 'more than one X-Authenticated-User' }
  if (addresses.length > 1) return { ok: false, detail: 'more than one X-Client-IP' }
  const user = users[0] === undefined ? null : readUser(users[0])
  if (user === false) return { ok: false, detail: 'X-Authenticated-User is not a user name' }
  const address = addresses[0] === undefined ? null : readAddress(addresses[0])
  if (address === false) return { ok: false, detail: 'X-Client-IP is not one IP address' }
  return { ok: true, user, address }
}

/** UTF-8, as proxies send names; node:http gives header bytes as Latin-1. Empty or `-`: nobody. */
function readUser(raw: string): string | null | false {
  const user = Buffer.from(raw, 'latin1').toString('utf8').trim()
  if (user === '' || user === '-') return null
  return user.length > MAX_USER || /[\p{Cc}\ufffd]/u.test(user) ? false : user
}

function readAddress(raw: string): string | null | false {
  const text = raw.trim()
  if (text === '' || text === '-') return null
  const isWhole = ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
  return isWhole ? ipaddr.process(text).toString() : false
}
