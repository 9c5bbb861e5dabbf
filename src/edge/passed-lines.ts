/** The header lines that go on, to the upstream and to the client: those received, without what is only for this hop. */
import { formatAuthority } from '../domain/destination.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import { endToEndHeaders, withHeader } from '../wire/headers.ts'

/** Dropped on the way in: we answered it ourselves. */
const DROP_FROM_REQUEST: ReadonlySet<string> = new Set(['expect'])
/** Dropped on the way out: HTTP/3 would lead around us (RFC 7838). */
const DROP_FROM_RESPONSE: ReadonlySet<string> = new Set(['alt-svc'])

export interface RequestLines {
  readonly received: RawHeaders
  /** What `Host` says where none was received. */
  readonly destination: { readonly host: string; readonly port: number }
  readonly withTenants: (lines: RawHeaders) => RawHeaders
  /** The new length of a body that was edited; `null`: it goes as it came. */
  readonly editedBytes: number | null
}

export function requestLines({ received, destination, withTenants, editedBytes }: RequestLines): RawHeaders {
  let lines = withTenants(endToEndHeaders(received, DROP_FROM_REQUEST))
  if (headerValue(lines, 'host') === null) {
    lines = ['Host', formatAuthority(destination.host, destination.port), ...lines]
  }
  if (editedBytes !== null) lines = withHeader(lines, 'content-length', String(editedBytes))
  // Trailers pass both ways, so the promise to read them may be repeated; gRPC servers ask for it.
  return /\btrailers\b/iu.test(headerValue(received, 'te') ?? '') ? [...lines, 'te', 'trailers'] : lines
}

/** `isIntercepted`: inside a tunnel that is read. */
export const responseLines = (received: RawHeaders, isIntercepted: boolean): RawHeaders =>
  endToEndHeaders(received, isIntercepted ? DROP_FROM_RESPONSE : undefined)
