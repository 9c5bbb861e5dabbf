/** An upstream origin (RFC 6454): connections are shared within one and never across two, whatever names a certificate has. */
import { type Destination, formatAuthority } from '../domain/destination.ts'

export interface Origin {
  /** `scheme://host:port`, the key under which connections are kept. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly isTls: boolean
}

export const originOf = ({ scheme, host, port }: Destination): Origin => ({
  url: `${scheme}://${formatAuthority(host, port)}`,
  host,
  port,
  isTls: scheme === 'https',
})
