/**
 * A single message of Connect that is sent by GET: it stands in the query, and is a request body in all but place
 * (Connect protocol, "Unary-Get-Request": https://connectrpc.com/docs/protocol). Never edited: the URL is the client's.
 */
import { Buffer } from 'node:buffer'
import type { RequestHead } from '../domain/tool.ts'

export interface QueryMessage {
  /** As the same message would say it by POST. */
  readonly contentType: string
  readonly contentEncoding: string
  /** Still compressed. */
  readonly bytes: Uint8Array
  /** `false`: two servers could read it as two messages, or none could. */
  readonly isReadable: boolean
}

const UNREADABLE: QueryMessage = {
  contentType: 'application/octet-stream',
  contentEncoding: 'identity',
  bytes: new Uint8Array(0),
  isReadable: false,
}

/**
 * The message in `query` (with or without its `?`); `null` when there is none. Without `encoding` no server takes it for
 * one, and it is a query like any other.
 */
export function connectGetMessage({ method }: Pick<RequestHead, 'method'>, query: string): QueryMessage | null {
  if (method !== 'GET' && method !== 'HEAD') return null
  const pairs = query.replace(/^\?/u, '').split('&').map(readPair)
  const has = (name: string): boolean => pairs.some((pair) => pair.name === name)
  if (!has('message') || !has('encoding')) return null
  const named = pairs.filter(({ name }) => NAMES.has(name))
  const isAmbiguous = new Set(named.map(({ name }) => name)).size !== named.length
  if (isAmbiguous || named.some(({ value }) => value === null)) return UNREADABLE
  const value = (name: string): Buffer | null => named.find((pair) => pair.name === name)?.value ?? null
  const written = value('message') ?? Buffer.alloc(0)
  const bytes = isBase64(value('base64')) ? fromBase64(written.toString('latin1')) : written
  const encoding = tokenOf(value('encoding'))
  const contentEncoding = tokenOf(value('compression') ?? Buffer.from('identity'))
  if (bytes === null || encoding === null || contentEncoding === null) return UNREADABLE
  return { contentType: `application/${encoding}`, contentEncoding, bytes, isReadable: true }
}

const NAMES: ReadonlySet<string> = new Set(['message', 'encoding', 'base64', 'compression'])

/** `value: null`: not in the grammar; servers leave such a pair out, take it as it stands, or refuse it. */
function readPair(pair: string): { name: string; value: Buffer | null } {
  const at = pair.indexOf('=')
  const name = percentDecoded(at === -1 ? pair : pair.slice(0, at))
  return { name: name?.toString('utf8') ?? '', value: percentDecoded(at === -1 ? '' : pair.slice(at + 1)) }
}

/** Bytes, for the message may be protobuf. `+` is a space, as in every server's query (URL standard, section 5.1). */
function percentDecoded(text: string): Buffer | null {
  if (/%(?![\dA-Fa-f]{2})/u.test(text) || text.includes(';')) return null
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8')
  let used = 0
  for (let at = 0; at < bytes.length; at += 1) {
    let byte = bytes[at] ?? 0
    if (byte === 0x25) {
      byte = Number.parseInt(bytes.toString('latin1', at + 1, at + 3), 16)
      at += 2
    }
    bytes[used] = byte
    used += 1
  }
  return bytes.subarray(0, used)
}

const isBase64 = (value: Buffer | null): boolean => value?.toString('latin1') === '1'

/** URL-safe as the protocol wants it, or standard, where `+` came as a space; padding may be missing. */
function fromBase64(written: string): Buffer | null {
  const text = written.replaceAll(' ', '+')
  if (!/^[\w+/-]*={0,2}$/u.test(text)) return null
  const digits = text.replaceAll('=', '')
  return digits.length % 4 === 1 ? null : Buffer.from(digits, 'base64')
}

/** What may stand behind `application/`, or name a compression. */
function tokenOf(value: Buffer | null): string | null {
  const text = value?.toString('latin1') ?? ''
  return /^[\w.+-]{1,64}$/u.test(text) ? text : null
}
