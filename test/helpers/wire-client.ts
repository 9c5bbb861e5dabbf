/** Clients that speak to the proxy socket by hand, so that tests see every byte. */
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'

export async function openSocket(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.on('error', () => undefined)
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Read until `isDone` says so, or the end. Returns everything read as latin-1. */
export function readUntil(socket: Socket, isDone: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const finish = (): void => {
      socket.removeListener('data', onData)
      socket.removeListener('end', finish)
      socket.removeListener('close', finish)
      socket.pause()
      resolve(text)
    }
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (isDone(text)) finish()
    }
    socket.on('data', onData)
    socket.once('end', finish)
    socket.once('close', finish)
    socket.resume()
  })
}

export const readAll = (socket: Socket): Promise<string> => readUntil(socket, () => false)

/** Read a head; what comes after it stays in the socket. */
export async function readHead(socket: Socket): Promise<string> {
  const text = await readUntil(socket, (seen) => seen.includes('\r\n\r\n'))
  const end = text.indexOf('\r\n\r\n') + 4
  if (end >= 4 && end < text.length) socket.unshift(Buffer.from(text.slice(end), 'latin1'))
  return text.slice(0, end)
}

export interface Connected {
  readonly socket: Socket
  /** Status line and headers of the proxy's answer. */
  readonly head: string
}

/** CONNECT; the socket is ready for the bytes inside. */
export async function connectThrough(proxyPort: number, authority: string, headers = ''): Promise<Connected> {
  const socket = await openSocket(proxyPort)
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`)
  return { socket, head: await readHead(socket) }
}

/** CONNECT and TLS inside. */
export async function tlsThrough(proxyPort: number, authority: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { socket, head } = await connectThrough(proxyPort, authority)
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`CONNECT refused: ${head}`)
  const host = authority.replace(/:\d+$/u, '')
  const secure = connectTls({ socket, servername: host, ...options })
  secure.on('error', () => undefined)
  await new Promise((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
    secure.once('close', () => reject(new Error('closed during the handshake')))
  })
  return secure
}

export interface RawResponse {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** One request on an open socket that is then closed by the server (`connection: close`). */
export async function exchangeOnce(socket: Socket, request: string): Promise<RawResponse> {
  socket.write(request, 'latin1')
  const text = await readAll(socket)
  socket.destroy()
  const split = text.indexOf('\r\n\r\n')
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/u.exec(text)?.[1] ?? 0),
    head: text.slice(0, split),
    body: text.slice(split + 4),
  }
}
