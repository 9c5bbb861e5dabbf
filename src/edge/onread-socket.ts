/**
 * Gives the connection of a socket to a new socket that reads into buffers of our choice. Node offers `onread` only for
 * sockets that connect, not for accepted ones, and only from the start; so the handle is moved. This is the only file
 * that touches `_handle` (tried with Node 24.21.0); where the handle is not as expected, nothing is moved.
 */
import { type OnReadOpts, Socket } from 'node:net'

/** What is used of libuv's TCP handle. */
interface TcpHandle {
  /** Node's note that reads were started. */
  reading: boolean
  readStop(): number
  useUserBuffer(buffer: Uint8Array): unknown
}

interface SocketInside {
  _handle?: Partial<TcpHandle> | null
  readonly _readableState?: { readonly ended?: boolean }
}

const insideOf = (socket: Socket): SocketInside => socket as unknown as SocketInside

function handleOf(socket: Socket): TcpHandle | null {
  const handle = insideOf(socket)._handle
  const isTcp = typeof handle?.readStop === 'function' && typeof handle.useUserBuffer === 'function'
  return isTcp ? (handle as TcpHandle) : null
}

/** Can the connection be moved? Not a TLS socket's, and not one that has ended or still has bytes to send. */
export function canMove(socket: Socket): boolean {
  // Only a plain socket: a TLS socket's handle is its cipher as well.
  const isPlain = Object.getPrototypeOf(socket) === Socket.prototype && handleOf(socket) !== null
  const isOpen = !socket.destroyed && !socket.connecting && socket.readable && socket.writable
  return isPlain && isOpen && socket.writableLength === 0 && insideOf(socket)._readableState?.ended === false
}

/** The new owner of the connection, reading already, and what the old one had read and nobody had taken. */
export interface MovedSocket {
  readonly socket: Socket
  readonly unread: Buffer | null
  /** Read into another buffer from now on. Not while a read callback runs. */
  readonly useBuffer: (buffer: Uint8Array) => void
}

/**
 * Move the connection. The old socket stays behind as an empty shell that is closed when the new one closes, and the
 * other way round, so that whoever counts or destroys the old one is right. Ask `canMove` first; throws otherwise.
 */
export function moveToOnread(old: Socket, onread: OnReadOpts): MovedSocket {
  const handle = handleOf(old)
  if (handle === null) throw new Error('the socket has no TCP handle')
  const unread = old.readableLength > 0 ? (old.read() as Buffer | null) : null
  old.pause()
  handle.readStop()
  handle.reading = false
  insideOf(old)._handle = null
  // Node's types know no `handle` of this kind.
  const options: object = { allowHalfOpen: true, onread, handle }
  const socket = new Socket(options)
  socket.once('close', () => old.destroy())
  old.once('close', () => socket.destroy())
  return {
    socket,
    unread,
    useBuffer: (buffer) => {
      handle.useUserBuffer(buffer)
    },
  }
}
