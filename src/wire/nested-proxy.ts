/** Tells from the first bytes inside a tunnel whether a further proxy is asked for something. Never throws. */

export type NestedAsk =
  | { readonly kind: 'none' }
  /** Too few bytes to tell. */
  | { readonly kind: 'incomplete' }
  /** `authority` is what stands in an absolute target; empty for CONNECT and SOCKS. */
  | { readonly kind: 'nested'; readonly authority: string }

const NONE: NestedAsk = { kind: 'none' }
const INCOMPLETE: NestedAsk = { kind: 'incomplete' }
const ASKED: NestedAsk = { kind: 'nested', authority: '' }

/** As much of a request line as is looked at. */
const MAX_LINE_BYTES = 2048
const SOCKS4 = 4
const SOCKS5 = 5

/** Bytes that begin a message which is neither TLS nor HTTP: a SOCKS greeting (RFC 1928 section 3, and the older version 4)? */
export function nestedSocks(bytes: Uint8Array): NestedAsk {
  const [version, second] = bytes
  if (version !== SOCKS4 && version !== SOCKS5) return NONE
  if (second === undefined) return INCOMPLETE
  if (version === SOCKS5) {
    const wanted = 2 + second
    if (second === 0 || bytes.length > wanted) return NONE
    return bytes.length < wanted ? INCOMPLETE : ASKED
  }
  if (second !== 1 && second !== 2) return NONE
  if (bytes.length < 9) return INCOMPLETE
  // The user id ends with a zero; in version 4a a name and another zero follow.
  return bytes[bytes.length - 1] === 0 ? ASKED : NONE
}

/** Bytes that begin an HTTP request: CONNECT, or a target in absolute form (RFC 9112 section 3.2.2)? */
export function nestedHttp(bytes: Uint8Array): NestedAsk {
  const line = latin1(bytes.subarray(0, MAX_LINE_BYTES))
  if (line.startsWith('CONNECT ')) return ASKED
  const target = line.slice(line.indexOf(' ') + 1).toLowerCase()
  for (const scheme of ['http://', 'https://']) {
    if (target.startsWith(scheme)) {
      const authority = /^[^/?#\s]*(?=[/?#\s])/u.exec(target.slice(scheme.length))?.[0]
      if (authority !== undefined) return { kind: 'nested', authority }
      return bytes.length < MAX_LINE_BYTES ? INCOMPLETE : ASKED
    }
  }
  return 'https://'.startsWith(target) || 'http://'.startsWith(target) ? INCOMPLETE : NONE
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
