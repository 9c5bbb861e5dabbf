/** The load: connections through a proxy, with or without TLS inside, and exchanges on them. Its time is not counted. */
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export const isListening = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** `port` of the proxy on loopback; `null`: straight to `direct`. */
export interface Route {
  readonly proxyPort: number | null
  readonly direct: { readonly host: string; readonly port: number }
}

/** A connection to `host:port` through the proxy. Rejects when it is refused. */
export async function openTunnel(route: Route, host: string, port: number): Promise<Socket> {
  const { proxyPort, direct } = route
  const to = proxyPort === null ? direct : { host: '127.0.0.1', port: proxyPort }
  const socket = connectTcp({ ...to, noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  if (proxyPort === null) return socket
  // A proxy that is killed now says no more: without this the wait for its answer would have no end.
  const onEnd = (): void => void socket.destroy(new Error('the proxy closed the connection'))
  socket.once('end', onEnd)
  socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`)
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString('latin1')
  }
  socket.pause()
  socket.removeListener('end', onEnd)
  if (!/^HTTP\/1\.[01] 200/u.test(head)) throw new Error(`CONNECT refused: ${head.slice(0, 200)}`)
  return socket
}

/** TLS inside; certificates are not checked here, for each proxy has a root of its own. */
export async function openTls(route: Route, host: string, port: number): Promise<Socket> {
  const socket = await openTunnel(route, host, port)
  const secure = connectTls({ socket, servername: host, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  const onEnd = (): void => void secure.destroy(new Error('the connection ended in the handshake'))
  socket.once('end', onEnd)
  await once(secure, 'secureConnect')
  socket.removeListener('end', onEnd)
  return secure
}

/** Longer than any answer takes; without it a peer that loses a request would hold up the run for ever. */
const ANSWER_MS = 10_000

/** One keep-alive connection that sends the same request again and again. */
export class KeepAlive {
  readonly #socket: Socket
  readonly #answerMs: number
  #buffered = ''
  #status = 0
  #left = -1
  #onDone: ((status: number) => void) | null = null
  #onFirstBody: (() => void) | null = null

  constructor(socket: Socket, answerMs = ANSWER_MS) {
    this.#socket = socket
    this.#answerMs = answerMs
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Resolves with the status once the answer is whole. `onFirstBody`: the first byte of the body is there. */
  send(request: string, onFirstBody: (() => void) | null = null): Promise<number> {
    this.#onFirstBody = onFirstBody
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the connection was closed'))
      this.#socket.once('close', gone)
      this.#socket.once('end', gone)
      const timer = setTimeout(() => {
        this.#socket.destroy()
        reject(new Error(`no answer in ${this.#answerMs} ms, port ${this.#socket.remotePort ?? 0}`))
      }, this.#answerMs)
      this.#onDone = (status) => {
        clearTimeout(timer)
        this.#socket.removeListener('close', gone)
        this.#socket.removeListener('end', gone)
        resolve(status)
      }
      this.#socket.write(request, 'latin1')
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#left >= 0) {
      this.#body(chunk.length, chunk.length >= 5 && chunk.toString('latin1', chunk.length - 5) === '0\r\n\r\n')
      return
    }
    this.#buffered += chunk.toString('latin1')
    const end = this.#buffered.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#buffered.slice(0, end + 2)
    const body = this.#buffered.slice(end + 4)
    this.#buffered = ''
    this.#status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: *(\d+)\r\n/iu.exec(head)?.[1]
    // Without a length the answer is chunked and ends with the empty chunk.
    this.#left = length === undefined ? Number.POSITIVE_INFINITY : Number(length)
    this.#body(body.length, body.endsWith('0\r\n\r\n'))
  }

  #body(length: number, isLastChunk: boolean): void {
    if (length > 0) {
      this.#onFirstBody?.()
      this.#onFirstBody = null
    }
    this.#left -= length
    const isOver = this.#left === Number.POSITIVE_INFINITY ? isLastChunk : this.#left <= 0
    if (!isOver) return
    this.#left = -1
    this.#onDone?.(this.#status)
  }
}

/** `total` requests over the given connections, each sending the next when its answer is whole. Throws unless all are 200. */
export async function sendAll(connections: readonly KeepAlive[], request: string, total: number): Promise<void> {
  let left = total
  await Promise.all(
    connections.map(async (connection) => {
      while (left > 0) {
        left--
        const status = await connection.send(request)
        if (status !== 200) throw new Error(`status ${status}`)
      }
    }),
  )
}
