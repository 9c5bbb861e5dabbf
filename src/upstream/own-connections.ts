/** Remembers by which local addresses and ports this proxy dials, so that a connection of its own is known when it comes back. */
import type { Socket } from 'node:net'
import type { Dialer } from './dial.ts'

export interface OwnConnections {
  /** The same dialer, its connections remembered while they last. */
  readonly watch: (dialer: Dialer) => Dialer
  /** Does a connection of ours come from this address and port? */
  readonly has: (address: string, port: number) => boolean
}

export function createOwnConnections(): OwnConnections {
  const own = new Set<string>()
  const note = (socket: Socket): void => {
    const { localAddress, localPort } = socket
    if (localAddress === undefined || localPort === undefined) return
    const key = keyOf(localAddress, localPort)
    own.add(key)
    socket.once('close', () => own.delete(key))
  }
  return {
    watch: ({ dial }) => ({
      dial: (target, callback) =>
        dial(target, (error, socket) => {
          if (socket !== null) note(socket)
          callback(error, socket)
        }),
    }),
    has: (address, port) => own.has(keyOf(address, port)),
  }
}

/** Dual-stack sockets show IPv4 addresses as IPv6 ones. */
const keyOf = (address: string, port: number): string => `${address.replace(/^::ffff:(?=\d+\.)/u, '')} ${port}`
