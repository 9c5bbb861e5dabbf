/**
 * Upgrades whose stream Weir carries itself: an HTTP/1.1 connection of its own, the head as given, and after 101 the bare
 * stream. Nothing of the client goes out before.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import type { Destination } from '../domain/destination.ts'
import type { RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import type { Dialer } from './dial.ts'
import { createGuardedAgents } from './guarded-agent.ts'
import { exchangeError } from './upstream-error.ts'

export interface UpgradeRequest {
  readonly destination: Destination
  /** Path with query, as it goes out. */
  readonly target: string
  /** All lines as they go out, `Connection` and `Upgrade` included. */
  readonly headers: RawHeaders
}

/** One of these is called, once. Header lines are end to end. */
export interface UpgradeSink {
  /** `stream`: paused, what came behind the head first. */
  readonly switched: (reason: string, headers: RawHeaders, stream: Duplex) => void
  readonly declined: (status: number, reason: string, headers: RawHeaders, body: Readable) => void
  readonly failed: (error: ProxyError) => void
}

export interface Upgrader {
  /** Returns a function that gives up; then no sink call follows. */
  readonly open: (request: UpgradeRequest, sink: UpgradeSink) => () => void
  readonly close: () => void
}

export interface UpgraderOptions {
  readonly dialer: Dialer
  readonly firstByteMs: number
  readonly maxHeaderBytes: number
}

/** 1xx answers to one request; a server that sends more of them is playing games. */
const MAX_INTERIM_RESPONSES = 20

export function createUpgrader({ dialer, firstByteMs, maxHeaderBytes }: UpgraderOptions): Upgrader {
  const agents = createGuardedAgents(dialer, false)
  return {
    open: ({ destination: { scheme, host, port }, target, headers }, sink) => {
      const options = {
        host,
        port,
        method: 'GET',
        path: target,
        headers: [...headers],
        setHost: false,
        maxHeaderSize: maxHeaderBytes,
      }
      const outgoing =
        scheme === 'https'
          ? requestHttps({ ...options, agent: agents.https })
          : requestHttp({ ...options, agent: agents.http })
      return watch(outgoing, firstByteMs, sink)
    },
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

function watch(outgoing: ClientRequest, firstByteMs: number, sink: UpgradeSink): () => void {
  let isOver = false
  let interimCount = 0
  const once = (act: () => void): void => {
    if (isOver) return
    isOver = true
    outgoing.setTimeout(0)
    act()
  }
  outgoing.setTimeout(firstByteMs, () => outgoing.destroy(new ProxyError('upstream-timeout')))
  outgoing.on('information', () => {
    interimCount += 1
    if (interimCount <= MAX_INTERIM_RESPONSES) return
    // Told here: a response in the same read comes before the error of a request that was destroyed.
    once(() => sink.failed(new ProxyError('upstream-protocol', 'too many interim responses')))
    outgoing.destroy()
  })
  outgoing.once('upgrade', (incoming: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (isOver) stream.destroy()
    stream.on('error', ignore)
    if (head.length > 0) stream.unshift(head)
    once(() => sink.switched(incoming.statusMessage ?? '', endToEndHeaders(incoming.rawHeaders), stream))
  })
  outgoing.once('response', (incoming: IncomingMessage) => {
    incoming.on('error', ignore)
    const { statusCode = 502, statusMessage = '', rawHeaders } = incoming
    once(() => sink.declined(statusCode, statusMessage, endToEndHeaders(rawHeaders), incoming))
  })
  outgoing.on('error', (error) => once(() => sink.failed(exchangeError(error))))
  outgoing.end()
  return () => {
    isOver = true
    outgoing.destroy()
  }
}

/** The reason was seen elsewhere; the listener is only there so that Node does not throw. */
function ignore(): undefined {
  return undefined
}
