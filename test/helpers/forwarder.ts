/** A forwarder on its own, with origins pinned by name, and exchanges as promises. */
import type { ProxyError } from '../../src/domain/proxy-error.ts'
import type { BodySink, BodySource, UpstreamExchange } from '../../src/flow/ports.ts'
import { createAddressGuard } from '../../src/upstream/address-guard.ts'
import { createDialer } from '../../src/upstream/dial.ts'
import { createForwarder, type Forwarder } from '../../src/upstream/forward.ts'
import type { Scope } from './scope.ts'

export interface Sent {
  readonly host?: string
  readonly port?: number
  readonly scheme?: 'http' | 'https'
  readonly method?: string
  readonly target?: string
  readonly headers?: readonly string[]
  readonly body?: Uint8Array | BodySource | null
  readonly client?: string
  readonly onStart?: (exchange: UpstreamExchange) => void
  readonly onHead?: (exchange: UpstreamExchange) => void
  /** What a chunk is answered with: `false` asks for a pause. */
  readonly onChunk?: (exchange: UpstreamExchange, bytes: Uint8Array) => boolean
}

export interface Result {
  readonly status: number | null
  readonly headers: readonly string[]
  /** Latin-1; empty when `onChunk` is given. */
  readonly body: string
  readonly bytes: number
  readonly trailers: readonly string[]
  readonly interim: number[]
  readonly error: ProxyError | null
}

export interface Bench {
  readonly forwarder: Forwarder
  readonly send: (sent?: Sent) => Promise<Result>
}

export interface BenchOptions {
  /** `host:port` → `127.0.0.1:port`. */
  readonly pins: Record<string, string>
  readonly roots?: string[]
  readonly idleMs?: number
  readonly firstByteMs?: number
  readonly maxHeaderBytes?: number
}

/** Requests go to `https://origin.example` unless they say otherwise. */
export function setUpForwarder(t: Scope, options: BenchOptions): Bench {
  const dialer = createDialer({
    guard: createAddressGuard({ allowPrivate: [], ownPorts: () => [] }),
    pins: options.pins,
    extraRoots: options.roots ?? [],
    connectMs: 5000,
    handshakeMs: 5000,
  })
  const { idleMs = 60_000, firstByteMs = 60_000, maxHeaderBytes = 16_384 } = options
  const timeouts = { firstByteMs, bodyIdleMs: idleMs, streamIdleMs: idleMs }
  const forwarder = createForwarder({ dialer, timeouts, maxHeaderBytes })
  t.teardown(() => forwarder.close())
  return { forwarder, send: (sent = {}) => exchange(forwarder, sent) }
}

function exchange(forwarder: Forwarder, sent: Sent): Promise<Result> {
  const { host = 'origin.example', scheme = 'https', port = scheme === 'https' ? 443 : 80 } = sent
  return new Promise((resolve) => {
    let head: { status: number | null; headers: readonly string[] } = { status: null, headers: [] }
    let text = ''
    let bytes = 0
    const interim: number[] = []
    const finish = (trailers: readonly string[], error: ProxyError | null): void =>
      resolve({ ...head, body: text, bytes, trailers, interim, error })
    const running: UpstreamExchange = forwarder.exchange(
      {
        destination: { scheme, host, port },
        method: sent.method ?? 'GET',
        target: sent.target ?? '/x?y=1',
        headers: sent.headers ?? ['Host', host, 'X-Case', 'Kept'],
        body: sent.body ?? null,
        ...(sent.client === undefined ? {} : { client: sent.client }),
      },
      {
        informational: (status) => interim.push(status),
        head: (status, _text, headers) => {
          head = { status, headers }
          sent.onHead?.(running)
        },
        chunk: (chunk) => {
          bytes += chunk.length
          if (sent.onChunk !== undefined) return sent.onChunk(running, chunk)
          text += Buffer.from(chunk).toString('latin1')
          return true
        },
        end: (trailers) => finish(trailers, null),
        fail: (error) => finish([], error),
      },
    )
    sent.onStart?.(running)
  })
}

/** A body that the test pushes by hand. */
export interface HandFed extends BodySource {
  readonly push: (bytes: Uint8Array | string) => boolean
  readonly end: (trailers?: readonly string[]) => void
  readonly fail: (error: ProxyError) => void
  readonly started: Promise<void>
  readonly isCancelled: () => boolean
  /** Called at each resume. */
  onResume: () => void
}

export function handFed(): HandFed {
  let sink: BodySink | null = null
  let isCancelled = false
  let begin = (): void => undefined
  const started = new Promise<void>((resolve) => {
    begin = resolve
  })
  const source: HandFed = {
    started,
    isCancelled: () => isCancelled,
    onResume: () => undefined,
    start: (to) => {
      sink = to
      begin()
    },
    pause: () => undefined,
    resume: () => source.onResume(),
    cancel: () => {
      isCancelled = true
    },
    push: (bytes) => sink?.chunk(typeof bytes === 'string' ? Buffer.from(bytes) : bytes) ?? false,
    end: (trailers = []) => sink?.end(trailers),
    fail: (error) => sink?.fail(error),
  }
  return source
}
