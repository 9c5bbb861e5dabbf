/** Servers that break in all the ways of `test/cases/upstream-faults.yaml`, over real TLS, byte by byte. */
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { createServer as createTls, type TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { listening } from './origin.ts'
import type { TestPki } from './pki.ts'
import type { Scope } from './scope.ts'

export interface FaultyOrigin {
  /** `127.0.0.1:port`, as pins want it. */
  readonly address: string
}

/** Plays one fault on a connection whose request head has come. */
type Play = (socket: TLSSocket) => void

const OK = 'HTTP/1.1 200 OK\r\n'
const say =
  (text: string | Buffer): Play =>
  (socket) =>
    void socket.write(text, 'latin1')
const sayAndEnd =
  (text: string): Play =>
  (socket) =>
    void socket.end(text, 'latin1')
/** After what was said is out, so that the peer sees it before the reset. */
const sayAndReset =
  (text: string): Play =>
  (socket) =>
    void socket.write(text, 'latin1', () => setTimeout(() => socket.destroy(), 20))

/** Goes on as fast as it is read, until the connection is gone. */
const endless =
  (head: string, piece: Buffer): Play =>
  (socket) => {
    const go = (): void => {
      while (!socket.destroyed && socket.write(piece));
    }
    socket.on('drain', go)
    socket.write(head, 'latin1')
    go()
  }

const drip: Play = (socket) => {
  socket.write(`${OK}Content-Type: text/event-stream\r\nContent-Length: 36\r\n\r\n`)
  let left = 3
  const next = (): void => {
    if (left-- > 0 && !socket.destroyed) socket.write('data: event\n', () => setImmediate(next))
  }
  next()
}

const slowHead: Play = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nX: ')
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : void socket.write('a')), 20)
  socket.once('close', () => clearInterval(timer))
}

const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 })
const encoded = (body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `${OK}Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ])

const PLAYS: Readonly<Record<string, Play>> = {
  'resets behind the request': (socket) => void socket.destroy(),
  'closes without an answer': (socket) => void socket.end(),
  'sends garbage': sayAndEnd('\x16\x03\x01 what is this\r\n\r\n'),
  'speaks HTTP/0.9': sayAndEnd('<html>hello</html>'),
  'sends a status that is none': say('HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok'),
  'sends a NUL in a header': say(`${OK}X: a\0b\r\nContent-Length: 2\r\n\r\nok`),
  'sends a bare CR in a header': say(`${OK}X: a\rb\r\nContent-Length: 2\r\n\r\nok`),
  'sends a length and chunks': say(`${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`),
  'sends two lengths': say(`${OK}Content-Length: 2\r\nContent-Length: 20\r\n\r\nok`),
  'never answers': () => undefined,
  'sends its head byte by byte without end': slowHead,
  'stops in the middle of a body': say(`${OK}Content-Length: 10\r\n\r\nhalf`),
  'closes before its length is reached': sayAndEnd(`${OK}Content-Length: 10\r\n\r\nhalf`),
  'closes between chunks': sayAndEnd(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`),
  'sends a chunk size that is none': say(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nXX\r\n`),
  'resets in the middle of a body': sayAndReset(`${OK}Content-Length: 10\r\n\r\nhalf`),
  'sends one huge header': say(`${OK}X: ${'a'.repeat(300_000)}\r\nContent-Length: 2\r\n\r\nok`),
  'sends very many headers': say(`${OK}${'X: a\r\n'.repeat(50_000)}Content-Length: 2\r\n\r\nok`),
  'sends headers without end': endless(OK, Buffer.from('X: a\r\n'.repeat(2000))),
  'answers 200 early and resets': sayAndReset(`${OK}Content-Length: 10\r\n\r\nhalf`),
  'answers 413 early and closes': sayAndEnd(
    'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  ),
  'sends more than its length': say(`${OK}Content-Length: 2\r\n\r\nokPOISON`),
  'sends a body behind 204': say('HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nPOISON'),
  'switches protocols unasked': say('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nPOISON'),
  'sends 200 interim answers': say(
    `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(200)}${OK}Content-Length: 2\r\n\r\nok`,
  ),
  'sends a decompression bomb': say(encoded(bomb)),
  'sends broken gzip': say(encoded(Buffer.from('\x1f\x8b\x08\0 no gzip at all', 'latin1'))),
  'closes its half before it answers': (socket) => void socket.end(),
  'drips events': drip,
  'sends a body without end': endless(
    `${OK}Transfer-Encoding: chunked\r\n\r\n`,
    Buffer.from(`1000\r\n${'a'.repeat(4096)}\r\n`),
  ),
  'sends events without end': endless(
    `${OK}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`,
    Buffer.from(`1000\r\n${'data: 12345678\n\n'.repeat(256)}\r\n`),
  ),
}

/** What is wrong with the certificates of an origin. */
export interface OriginTrust {
  /** Trusted by Weir. */
  readonly good: TestPki
  /** Trusted by Weir, makes certificates that have expired. */
  readonly past: TestPki
  /** Known to nobody. */
  readonly foreign: TestPki
  /** A self-signed pair, PEM. */
  readonly selfSigned: { readonly cert: string; readonly key: string }
}

/** An origin with the given fault; `host` is the name that its certificate should have. */
export async function startFaultyOrigin(
  t: Scope,
  fault: string,
  host: string,
  trust: OriginTrust,
): Promise<FaultyOrigin> {
  if (fault === 'refuses the connection') return closedPort()
  if (fault === 'hangs in the handshake')
    return listening(
      t,
      createTcp(() => undefined),
    )
  if (fault === 'speaks no TLS')
    return listening(
      t,
      createTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
  const pki =
    fault === 'has an expired certificate'
      ? trust.past
      : fault.includes('unknown authority')
        ? trust.foreign
        : trust.good
  const name = fault === 'has a certificate for another name' ? 'other.example' : host
  const context = await pki.contextFor(name)
  const own = fault === 'has a certificate signed by itself' ? trust.selfSigned : {}
  const old =
    fault === 'speaks TLS 1.0 only'
      ? ({ maxVersion: 'TLSv1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const)
      : {}
  const sni =
    'cert' in own
      ? {}
      : { SNICallback: (_name: string, done: (e: null, c: typeof context) => void) => done(null, context) }
  const play = PLAYS[fault] ?? say(`${OK}Content-Length: 2\r\n\r\nok`)
  return listening(
    t,
    createTls({ ...sni, ...own, ...old, allowHalfOpen: true }, (socket) => {
      let seen = ''
      let isPlayed = false
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        seen += chunk.toString('latin1')
        if (isPlayed || !seen.includes('\r\n\r\n')) return
        isPlayed = true
        play(socket)
      })
      socket.on('end', () => socket.end())
    }),
  )
}

/** A port that was free a moment ago: nobody listens there. */
async function closedPort(): Promise<FaultyOrigin> {
  const server = createTcp()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { address: `127.0.0.1:${port}` }
}
