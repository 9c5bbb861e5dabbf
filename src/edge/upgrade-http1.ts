/** An upgrade as HTTP/1.1 asks for it. What policy leaves unread http-proxy relays, from socket to socket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Client } from '../domain/client.ts'
import type { EdgePorts } from './ports.ts'
import type { ReadHead } from './request-head.ts'
import { runUpgrade, type UpgradeMeans, type UpgradeRun } from './upgrade.ts'
import { Http1UpgradeSide } from './upgrade-side-http1.ts'

export interface Http1Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came behind the head in the same read. */
  readonly head: Buffer
  readonly client: Client
  readonly read: ReadHead
}

/** The promise resolves when the connection is over and recorded. */
export function runHttp1Upgrade(ports: EdgePorts, means: UpgradeMeans, upgrade: Http1Upgrade): Promise<void> {
  const { request, socket, head, client, read } = upgrade
  const side = new Http1UpgradeSide(request, socket, head)
  return runUpgrade(ports, { ...means, side, client, read, relayUnread: throughHttpProxy(ports, side, request) })
}

/** The bytes behind the head are in the socket again, and wait there for 101. */
const throughHttpProxy =
  (ports: EdgePorts, side: Http1UpgradeSide, request: IncomingMessage): UpgradeRun['relayUnread'] =>
  (exchange, relay) =>
    new Promise((resolve) => {
      ports.passThrough.upgrade(request, side.stream, Buffer.alloc(0), relay, (end) => {
        // At once, for http-proxy ends the socket when this returns.
        if (end.error !== null && end.status === null) {
          const answer = exchange.fail(end.error)
          if (answer === null) side.cut()
          else side.answer(answer)
        }
        resolve(end)
      })
    })
