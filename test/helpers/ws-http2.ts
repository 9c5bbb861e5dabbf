/** WebSockets over HTTP/2 (RFC 8441): bare streams, and a real peer (`ws`) that is told it speaks HTTP/1.1. */
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import WebSocket, { type ClientOptions } from 'ws'
import { acceptFor } from '../../src/wire/ws-handshake.ts'
import { type Http2Through, http2Through } from './http2-client.ts'
import type { Scope } from './scope.ts'
import type { TestWeir } from './weir.ts'

/** A session that knows that extended CONNECT is offered. */
export async function http2WithConnect(
  t: Scope,
  weir: Pick<TestWeir, 'port' | 'ca'>,
  host: string,
): Promise<Http2Through> {
  const through = await http2Through(t, weir, host)
  if (!through.session.remoteSettings.enableConnectProtocol) await once(through.session, 'remoteSettings')
  // The socket below is half-open; node:http2 waits for its close.
  through.socket.once('end', () => through.session.destroy())
  return through
}

/** An extended CONNECT; the stream is open for writing at once. */
export const connectStream = (
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): ClientHttp2Stream => {
  const stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13', ...headers },
    { endStream: false },
  )
  stream.on('error', () => undefined)
  return stream
}

/** What only HTTP/1.1 says. */
const OF_HTTP1 = new Set(['connection', 'upgrade', 'host', 'sec-websocket-key'])

/** A socket on which `ws` finds the server that an extended CONNECT of `session` reaches. */
export function socketOver(session: ClientHttp2Session): Duplex {
  const [mine, theirs] = duplexPair()
  let text = ''
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) return
    theirs.off('data', onData)
    theirs.pause()
    const [first = '', ...lines] = text.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_HTTP1.has(name)))
    const stream = connectStream(session, first.split(' ')[1] ?? '/', kept)
    stream.once('close', () => {
      // The sides of a pair do not cut each other.
      if (stream.rstCode !== 0 || stream.aborted) mine.destroy()
    })
    mine.once('close', () => stream.close(8))
    join(stream, theirs, headers['sec-websocket-key'] ?? '')
  }
  theirs.on('data', onData)
  return mine
}

function join(stream: ClientHttp2Stream, socket: Duplex, key: string): void {
  stream.once('response', (headers: IncomingHttpHeaders) => {
    const status = Number(headers[':status'])
    const lines = Object.entries(headers).filter(([name]) => !name.startsWith(':'))
    const all: [string, unknown][] =
      status === 200
        ? [...lines, ['upgrade', 'websocket'], ['connection', 'upgrade'], ['sec-websocket-accept', acceptFor(key)]]
        : lines
    const head = all.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
    socket.write(`HTTP/1.1 ${status === 200 ? 101 : status} x\r\n${head}\r\n`)
    stream.pipe(socket)
    socket.pipe(stream)
  })
}

/** `ws` through Weir over HTTP/2; resolves when it is open. */
export async function openOverHttp2(
  session: ClientHttp2Session,
  host: string,
  path: string,
  options: ClientOptions & { readonly protocols?: readonly string[] } = {},
): Promise<WebSocket> {
  const { protocols, ...rest } = options
  const client = new WebSocket(`ws://${host}${path}`, [...(protocols ?? [])], {
    ...rest,
    createConnection: () => socketOver(session),
  })
  client.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    client.once('open', () => resolve())
    client.once('unexpected-response', (_request, response) =>
      reject(new Error(`answered ${String(response.statusCode)}`)),
    )
    client.once('error', reject)
  })
  return client
}
