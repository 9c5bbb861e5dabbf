/**
 * The one Host of an HTTP/1 request, read off its head before anybody parses it in full: the destination of a
 * connection that was redirected here and names none itself. Whatever two parsers might read differently names no host.
 */

export type RequestHost =
  /** `authority`: the value of Host as sent, without the white space around it. */
  | { readonly kind: 'host'; readonly authority: string }
  /** The head is not whole yet. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'none'; readonly problem: string }

const LATIN1 = new TextDecoder('latin1')
const none = (problem: string): RequestHost => ({ kind: 'none', problem })

/** Read the head at the start of `bytes`; no more than `maxBytes` of it. */
export function readRequestHost(bytes: Uint8Array, maxBytes: number): RequestHost {
  const text = LATIN1.decode(bytes.subarray(0, maxBytes))
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return bytes.length >= maxBytes ? none('the head is too large') : { kind: 'incomplete' }
  const head = text.slice(0, end)
  if (/\r(?!\n)|(?<!\r)\n|\0/u.test(head)) return none('the head has stray line ends')
  const [line = '', ...fields] = head.split('\r\n')
  // An absolute target or CONNECT asks for a proxy, and names a second destination.
  if (!/^(?!CONNECT )[A-Z_-]+ (?:\/[^ ]*|\*) HTTP\/1\.[01]$/u.test(line)) return none('not a request to an origin')
  if (fields.some((field) => /^[ \t]/u.test(field))) return none('a folded header line')
  const hosts = fields.filter((field) => /^host[ \t]*:/iu.test(field))
  const [host] = hosts
  if (host === undefined || hosts.length > 1) return none(`${host === undefined ? 'no' : 'more than one'} Host header`)
  const authority = host.slice('host:'.length).trim()
  return /^host:/iu.test(host) ? { kind: 'host', authority } : none('white space before a colon')
}
