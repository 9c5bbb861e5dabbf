/** Reads the first bytes of a connection without consuming them: what was read is put back. */
import type { Socket } from 'node:net'
import type { FirstBytes } from '../domain/decision.ts'
import { canonicalHost, parseAuthority } from '../domain/destination.ts'
import { parseClientHello } from '../wire/client-hello.ts'
import { type NestedAsk, nestedHttp, nestedSocks } from '../wire/nested-proxy.ts'
import { sniff } from '../wire/sniff.ts'

export type Peeked =
  | { readonly kind: 'first'; readonly first: FirstBytes }
  /** Ended, failed, or silent for too long before it could be told; `seen` came until then. */
  | { readonly kind: 'gone'; readonly isTimeout: boolean; readonly seen: Uint8Array }

/** A hello that is not whole after this many bytes is treated as bytes. */
const MAX_PEEK_BYTES = 70_000
/**
 * A few letters may be the start of an HTTP method or a whole message of another protocol whose client now waits.
 * After this long they are bytes. The start of a TLS record never is: a hello cannot be hidden by sending it slowly.
 */
const AMBIGUOUS_MS = 300
const TLS_HANDSHAKE = 0x16

/**
 * Wait for enough bytes to tell what speaks. The socket is paused with all bytes put back when the callback runs.
 * `timeoutMs` null: wait as long as the connection lives (a server may speak first). Returns a function that stops waiting.
 */
export function peekFirstBytes(
  socket: Socket,
  timeoutMs: number | null,
  callback: (peeked: Peeked) => void,
): () => void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = timeoutMs === null ? null : setTimeout(() => finish({ kind: 'gone', isTimeout: true, seen }), timeoutMs)
  let ambiguous: NodeJS.Timeout | null = null
  let gone: NodeJS.Immediate | null = null
  const stop = (): void => {
    if (timer !== null) clearTimeout(timer)
    if (gone !== null) clearImmediate(gone)
    if (ambiguous !== null) clearTimeout(ambiguous)
    socket.removeListener('data', onData)
    socket.removeListener('end', onGone)
    socket.removeListener('close', onGone)
    socket.removeListener('error', onGone)
  }
  const finish = (peeked: Peeked): void => {
    stop()
    if (peeked.kind === 'first') {
      socket.pause()
      if (seen.length > 0) socket.unshift(seen)
    }
    callback(peeked)
  }
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const first = classify(seen)
    if (first !== null) finish({ kind: 'first', first })
    else if (seen[0] !== TLS_HANDSHAKE && !isRequestLine(seen)) ambiguous ??= setTimeout(decideAnyway, AMBIGUOUS_MS)
  }
  const decideAnyway = (): void => finish({ kind: 'first', first: { kind: 'bytes' } })
  const onGone = (): void => finish({ kind: 'gone', isTimeout: false, seen })
  socket.on('data', onData)
  socket.once('end', onGone)
  socket.once('close', onGone)
  socket.once('error', onGone)
  // What ended before anybody listened says so only once: node:net tells of an end also when nobody reads.
  if (socket.readableEnded || socket.destroyed) gone = setImmediate(onGone)
  else socket.resume()
  return stop
}

/** CONNECT, or a method and a space: the rest of the line cannot be hidden by sending it slowly either. */
const isRequestLine = (bytes: Buffer): boolean => /^(?:CONN|[A-Z]{3,17} )/u.test(bytes.toString('latin1', 0, 20))

/** `null`: not enough bytes yet. */
function classify(bytes: Buffer): FirstBytes | null {
  const kind = sniff(bytes)
  if (kind === 'incomplete') return bytes.length > MAX_PEEK_BYTES ? { kind: 'bytes' } : null
  if (kind === 'http') return withNested({ kind }, nestedHttp(bytes))
  if (kind === 'bytes') return withNested({ kind }, nestedSocks(bytes))
  const result = parseClientHello(bytes)
  if (result.kind === 'incomplete') return bytes.length > MAX_PEEK_BYTES ? { kind: 'bytes' } : null
  if (result.kind === 'invalid') return { kind: 'bytes' }
  const { sni, alpn, hasEch } = result.hello
  return { kind: 'tls', sni: sni === null ? null : (canonicalHost(sni) ?? sni.toLowerCase()), alpn, hasEch }
}

/** What a further proxy is asked for counts by its canonical name; one that is none counts as nothing in particular. */
function withNested<T extends { readonly kind: 'http' | 'bytes' }>(
  first: T,
  ask: NestedAsk,
): (T & { nested?: string }) | null {
  if (ask.kind === 'incomplete') return null
  if (ask.kind === 'none') return first
  const authority = parseAuthority(ask.authority.replace(/^[^@]*@/u, ''))
  return { ...first, nested: authority.ok ? authority.host : '' }
}
