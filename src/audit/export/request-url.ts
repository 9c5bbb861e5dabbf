/** The address of a request as text, as several formats want it. */
import type { ExchangeRecord } from '../event-query.ts'
import { portAt, textAt } from './record-fields.ts'

/** `host:port`, the port left out where it is the usual one of the scheme; IPv6 in brackets (RFC 3986 section 3.2.2). */
export function authorityOf(host: string, port: number | undefined, usualPort?: number): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === undefined || port === usualPort ? name : `${name}:${port}`
}

/** Scheme, host and path; `undefined` for what is no request. Never a query: events hold none. */
export function requestUrl(record: ExchangeRecord): string | undefined {
  const scheme = textAt(record, 'destination', 'scheme')
  const host = textAt(record, 'destination', 'host')
  if (scheme === undefined || host === undefined) return undefined
  const port = portAt(record, 'destination', 'port')
  return `${scheme}://${authorityOf(host, port, scheme === 'https' ? 443 : 80)}${textAt(record, 'path') ?? '/'}`
}
