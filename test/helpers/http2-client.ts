/** HTTP/2 clients inside an intercepted tunnel. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type Settings,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Scope } from './scope.ts'
import type { TestWeir } from './weir.ts'
import { tlsThrough } from './wire-client.ts'

export interface Http2Through {
  readonly session: ClientHttp2Session
  readonly socket: Socket
}

/** CONNECT, TLS with ALPN `h2`, and a session of node:http2 inside. */
export async function http2Through(
  t: Scope,
  weir: Pick<TestWeir, 'port' | 'ca'>,
  host: string,
  settings: Settings = {},
): Promise<Http2Through> {
  const socket = await tlsThrough(weir.port, `${host}:443`, { ca: weir.ca, ALPNProtocols: ['h2', 'http/1.1'] })
  if (socket.alpnProtocol !== 'h2') throw new Error(`no h2: ${String(socket.alpnProtocol)}`)
  const session = connect(`https://${host}`, {
    createConnection: () => socket,
    settings,
    // The test says what is too much, not the client.
    maxSessionMemory: 100,
    maxSendHeaderBlockLength: 200_000,
  })
  session.on('error', () => undefined)
  t.teardown(() => session.destroy())
  return { session, socket }
}

export interface Http2Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly trailers: IncomingHttpHeaders
  /** How the stream ended; 0 is a clean end. */
  readonly rstCode: number
}

/** Everything that comes back on a stream. */
export function responseOn(stream: ClientHttp2Stream): Promise<Http2Response> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let headers: IncomingHttpHeaders = {}
    let rawHeaders: readonly string[] = []
    let trailers: IncomingHttpHeaders = {}
    stream.on('response', (received: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      headers = received
      rawHeaders = raw
    })
    stream.on('trailers', (received: IncomingHttpHeaders) => {
      trailers = received
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => undefined)
    stream.once('close', () =>
      resolve({
        status: Number(headers[':status'] ?? 0),
        headers,
        rawHeaders,
        body: Buffer.concat(chunks),
        trailers,
        rstCode: stream.rstCode,
      }),
    )
  })
}

/** One request without more ado. */
export function ask(
  session: ClientHttp2Session,
  headers: Record<string, string | string[]>,
  body: Uint8Array | string | null = null,
): Promise<Http2Response> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === null })
  if (body !== null) stream.end(body)
  return responseOn(stream)
}
