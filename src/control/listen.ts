/** Binding the admin port: parsing its address and saying clearly why it cannot be bound. */
import { parseAuthority } from '../domain/destination.ts'

export interface ListenAddress {
  readonly host: string
  /** 0: the system picks a free one. */
  readonly port: number
}

export const LISTEN_FAILURES = ['bad-address', 'port-taken', 'address-not-here', 'not-permitted', 'failed'] as const
export type ListenFailure = (typeof LISTEN_FAILURES)[number]

const ADVICE: Readonly<Record<ListenFailure, string>> = {
  'bad-address': 'write it as host:port, IPv6 in brackets',
  'port-taken': 'another process listens there: stop it, or set `admin.listen` to another port',
  'address-not-here': 'this machine has no such address: check `admin.listen`',
  'not-permitted': 'ports below 1024 need the right to bind them: use a higher one',
  failed: 'the system refused it',
}

const BY_CODE: Readonly<Record<string, ListenFailure>> = {
  EADDRINUSE: 'port-taken',
  EADDRNOTAVAIL: 'address-not-here',
  ENOTFOUND: 'address-not-here',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
}

/** The admin port cannot be bound. `message` names the address and what to do. */
export class ControlListenError extends Error {
  readonly failure: ListenFailure
  readonly listen: string

  constructor(failure: ListenFailure, listen: string, cause?: unknown) {
    super(`admin port \`${listen}\` cannot be opened: ${ADVICE[failure]}`, { cause })
    this.name = 'ControlListenError'
    this.failure = failure
    this.listen = listen
  }
}

/** Parse `host:port`; port 0 is allowed. Throws a `ControlListenError`. */
export function parseListen(listen: string): ListenAddress {
  const anyPort = /:0$/u.test(listen)
  const parsed = parseAuthority(anyPort ? `${listen.slice(0, -1)}1` : listen)
  if (!parsed.ok || parsed.port === null) throw new ControlListenError('bad-address', listen)
  return { host: parsed.host, port: anyPort ? 0 : parsed.port }
}

/** The typed form of what `listen` failed with. */
export function listenError(address: string, cause: unknown): ControlListenError {
  const code = (cause as { readonly code?: unknown } | null)?.code
  return new ControlListenError(BY_CODE[typeof code === 'string' ? code : ''] ?? 'failed', address, cause)
}
