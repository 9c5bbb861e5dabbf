/** Header lines as a proxy must treat them: which belong to one hop, which frame the message. */
import { headerValues, type RawHeaders } from '../domain/headers.ts'

/** RFC 9110 section 7.6.1, with the old names that clients still send to proxies. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  // What proxies tell each other of the client: never for a destination, whoever sent it.
  'x-authenticated-user',
  'x-client-ip',
])

/** Never taken away because a `Connection` header lists them: they frame or route the message. */
const PROTECTED = new Set(['host', 'content-length', 'content-type', 'content-encoding', 'authorization', 'cookie'])

/** Names listed in `Connection`, lower case. `null` when there are none: the common case. */
function connectionOptions(headers: RawHeaders): Set<string> | null {
  let options: Set<string> | null = null
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.length !== 10 || headers[index]?.toLowerCase() !== 'connection') continue
    for (const token of (headers[index + 1] ?? '').split(',')) {
      const name = token.trim().toLowerCase()
      if (name !== '' && name !== 'close' && name !== 'keep-alive' && !PROTECTED.has(name)) {
        options ??= new Set()
        options.add(name)
      }
    }
  }
  return options
}

/**
 * The lines that go on to the next hop: case, order and repeats kept. Everything `proxy-*` stays here.
 * `drop` names further lines to leave out, lower case.
 */
export function endToEndHeaders(headers: RawHeaders, drop: ReadonlySet<string> = NOTHING): string[] {
  const options = connectionOptions(headers)
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const key = name.toLowerCase()
    if (HOP_BY_HOP.has(key) || key.startsWith('proxy-') || drop.has(key) || options?.has(key) === true) continue
    kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}

const NOTHING: ReadonlySet<string> = new Set()

/** What frames or routes a message says nothing behind it (RFC 9110 section 6.5.1); merged by a server it could mislead it. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set(['content-length', 'host', 'trailer'])

/** The trailer lines that go on to the next hop. */
export const endToEndTrailers = (trailers: RawHeaders): RawHeaders =>
  trailers.length === 0 ? trailers : endToEndHeaders(trailers, NOT_IN_TRAILERS)

/**
 * Does the request say who asks in a way that servers take for the whole connection (NTLM, Negotiate; RFC 4559 section 6)?
 * What anybody sends on it afterwards is taken for his.
 */
export const authenticatesConnection = (headers: RawHeaders): boolean =>
  headerValues(headers, 'authorization').some((value) => /^\s*(?:ntlm|negotiate|nego2)\b/iu.test(value))

/** Replace the value of a header where it stands, or add it at the end. `name` in lower case. */
export function withHeader(headers: RawHeaders, name: string, value: string): string[] {
  const changed: string[] = []
  let isSet = false
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index] ?? ''
    if (key.toLowerCase() !== name) changed.push(key, headers[index + 1] ?? '')
    else if (!isSet) {
      changed.push(key, value)
      isSet = true
    }
  }
  if (!isSet) changed.push(name, value)
  return changed
}

/**
 * A reason phrase as it may be written; `''` when it holds what RFC 9112 section 4 forbids. Nobody acts on its words, and
 * node:http throws on such a phrase.
 */
export const reasonPhrase = (text: string): string => (/^[\t\x20-\x7e\x80-\xff]*$/u.test(text) ? text : '')
