/** Agents for node:http whose connections come from the dialer: guarded, pinned, verified, kept alive. */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import type { Dialer } from './dial.ts'

const OPTIONS = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: 256, timeout: 0 }

type CreateConnection = (options: object, callback?: (error: Error | null, socket: Duplex) => void) => undefined

/** `host` and `port` as node:http puts them into the connection options. */
interface ConnectionOptions {
  readonly host?: string | null
  readonly port?: number | string | null
}

/** Node reads `createConnection` as an overridable method (documented for `http.Agent`). */
function createConnection(dialer: Dialer, isTls: boolean): CreateConnection {
  return (options, callback) => {
    const { host, port } = options as ConnectionOptions
    const target = { host: (host ?? '').replace(/^\[|\]$/gu, ''), port: Number(port), isTls }
    dialer.dial(target, (error, socket) => {
      // Node's types demand a socket even beside an error.
      if (error !== null) callback?.(error, undefined as unknown as Duplex)
      else if (socket !== null) callback?.(null, socket)
    })
    return undefined
  }
}

export interface GuardedAgents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** `isKeptAlive: false`: every request gets a connection of its own. */
export function createGuardedAgents(dialer: Dialer, isKeptAlive: boolean): GuardedAgents {
  const options = { ...OPTIONS, keepAlive: isKeptAlive }
  const http = new HttpAgent(options)
  const https = new HttpsAgent(options)
  Object.assign(http, { createConnection: createConnection(dialer, false) })
  Object.assign(https, { createConnection: createConnection(dialer, true) })
  return { http, https }
}
